/** A mark for each seat, for whom colours are not enough. A hundred units are the radius of what it stands on. */
export const seatMarks: readonly string[] = [
  'M-34 0a34 34 0 1 0 68 0a34 34 0 1 0-68 0Z',
  'M0-46 13-13 46 0 13 13 0 46-13 13-46 0-13-13Z',
  'M0-42 40 30H-40Z',
  'M-32-32H32V32H-32Z',
  'M-12-42H12V-12H42V12H12V42H-12V12H-42V-12H-12Z',
  'M0-44 34 0 0 44-34 0Z',
  'M-36-28H36M-36 0H36M-36 28H36',
  'M-36-36 36 36M36-36-36 36',
];

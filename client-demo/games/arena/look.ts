/** The colours of the ground, as the style sheet has them by day or by night. */
export interface Palette {
  floor: string; floorDeep: string; line: string; rim: string; open: string; depth: string;
  gem: string; gemDeep: string; star: string; starDeep: string; text: string; edge: string; crafts: string[];
}

export function readPalette(root: Element): Palette {
  const style = getComputedStyle(root);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    floor: of('arena-floor'), floorDeep: of('arena-floor-deep'), line: of('arena-line'), rim: of('arena-rim'), open: of('arena-open'), depth: of('arena-depth'),
    gem: of('arena-gem'), gemDeep: of('arena-gem-deep'), star: of('arena-star'), starDeep: of('arena-star-deep'), text: of('arena-text'), edge: of('arena-edge'),
    crafts: Array.from({ length: 8 }, (_, seat) => of(`craft-${seat}`)),
  };
}

/** A mark for each seat, for whom colours are not enough. A hundred units are a craft's radius. */
export const marks: readonly string[] = [
  'M-34 0a34 34 0 1 0 68 0a34 34 0 1 0-68 0Z',
  'M0-46 13-13 46 0 13 13 0 46-13 13-46 0-13-13Z',
  'M0-42 40 30H-40Z',
  'M-32-32H32V32H-32Z',
  'M-12-42H12V-12H42V12H12V42H-12V12H-42V-12H-12Z',
  'M0-44 34 0 0 44-34 0Z',
  'M-36-28H36M-36 0H36M-36 28H36',
  'M-36-36 36 36M36-36-36 36',
];

export const star = (points: number, outer: number, inner: number): [x: number, y: number][] => Array.from({ length: points * 2 }, (_, i) => {
  const far = i % 2 === 0 ? outer : inner;
  const angle = (i * Math.PI) / points - Math.PI / 2;
  return [Math.cos(angle) * far, Math.sin(angle) * far];
});

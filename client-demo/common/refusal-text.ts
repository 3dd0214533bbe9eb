import { refusals, type RefusalCode } from '../../client/index.ts';

/** What a visitor can do about a refusal. */
export type PageRemedy = 'watch' | 'play' | 'home' | 'again' | 'here' | 'reload';
export interface RefusalText {
  title: string;
  text: string;
  remedies: readonly PageRemedy[];
}

const refusalTexts: Partial<Record<RefusalCode | 'left' | 'match-on', RefusalText>> = {
  'room-full': {
    title: 'All seats are taken',
    text: 'Nobody else fits at this table. You can watch, or find a table of your own.',
    remedies: ['watch', 'play', 'home'],
  },
  'room-started': {
    title: 'They have begun',
    text: 'The match is on and takes no new players. You can watch it.',
    remedies: ['watch', 'play', 'home'],
  },
  'room-ended': {
    title: 'That match is over',
    text: 'It takes no new players. You can still have a look at the table.',
    remedies: ['watch', 'play', 'home'],
  },
  'too-many-watching': {
    title: 'A full house',
    text: 'As many watch this table as may. Try again later, or play yourself.',
    remedies: ['again', 'play', 'home'],
  },
  'room-missing': {
    title: 'This table is gone',
    text: 'Tables that nobody comes back to are cleared away.',
    remedies: ['play', 'home'],
  },
  'bad-code': {
    title: 'No table has this code',
    text: 'Look at it once more: five letters and digits. Or the table has been cleared away.',
    remedies: ['home'],
  },
  'wrong-game': {
    title: 'Another game is played there',
    text: 'This page does not know it. Perhaps it is older than the server: reload it.',
    remedies: ['reload', 'home'],
  },
  'client-outdated': {
    title: 'There is a newer version',
    text: 'The game has changed since this page was loaded. Reload it, and you are back in your seat.',
    remedies: ['reload', 'home'],
  },
  'no-such-game': {
    title: 'The server does not play this',
    text: 'This page offers a game that the server does not know.',
    remedies: ['reload', 'home'],
  },
  'join-refused': {
    title: 'The game says no',
    text: 'Its rules do not let you in right now.',
    remedies: ['again', 'watch', 'home'],
  },
  kicked: {
    title: 'The host has taken you out',
    text: 'You cannot come back to this table. There are others, and you can open one yourself.',
    remedies: ['play', 'home'],
  },
  reserved: {
    title: 'These seats are kept',
    text: 'They are for players who were named beforehand. You can watch, or find a table of your own.',
    remedies: ['watch', 'play', 'home'],
  },
  'not-host': {
    title: 'Only the host can do that',
    text: 'Another player is the host of this table now.',
    remedies: ['home'],
  },
  'not-now': { title: 'Not at this point', text: 'The table has moved on in the meantime.', remedies: ['home'] },
  'room-quarantined': {
    title: 'This table is closed',
    text: 'Its game failed too often and was taken out of play.',
    remedies: ['play', 'home'],
  },
  'session-replaced': {
    title: 'You play in another window now',
    text: 'A player has one seat, and it goes to the window that was opened last.',
    remedies: ['here', 'home'],
  },
  'seat-lost': {
    title: 'Your seat is gone',
    text: 'You left this table in another window, or were away for longer than the seat is held. You can watch, or find another table.',
    remedies: ['watch', 'play', 'home'],
  },
  'room-quota': {
    title: 'Too many tables are still open',
    text: 'Close some that you have opened: leave them, and they are gone in half a minute.',
    remedies: ['home'],
  },
  'too-many-rooms': { title: 'Too many tables at once', text: 'Leave one of the others first.', remedies: ['home'] },
  'too-many-connections': {
    title: 'You are connected too often',
    text: 'Close some of the windows in which you play.',
    remedies: ['again', 'home'],
  },
  'slow-down': {
    title: 'One thing at a time',
    text: 'That was more than the server takes from one player. Wait a moment.',
    remedies: ['again', 'home'],
  },
  busy: {
    title: 'A crowd at this table',
    text: 'It has too much to do right now. Try again in a moment.',
    remedies: ['again', 'home'],
  },
  unavailable: {
    title: 'Out of reach',
    text: 'The table cannot be reached right now. It is not lost: try again.',
    remedies: ['again', 'home'],
  },
  'bad-token': {
    title: 'The server does not know you',
    text: 'This page or your identity is from another time. Reload to come in as you are.',
    remedies: ['reload'],
  },
  'not-signed-in': { title: 'You are not signed in', text: 'Sign in, then reload this page.', remedies: ['reload'] },
  'bad-request': {
    title: 'Page and server disagree',
    text: 'The server did not understand this page. Reload it.',
    remedies: ['reload', 'home'],
  },
  'replay-missing': {
    title: 'There is no such replay',
    text: 'Replays are kept for a day, or until the game itself is changed. This one is gone, or the address is not quite right.',
    remedies: ['home'],
  },
  /** Of a replay: what the server calls `not-now`. */
  'match-on': {
    title: 'This match is not over yet',
    text: 'Its replay is here as soon as it is. Until then you can watch it live.',
    remedies: ['watch', 'again', 'home'],
  },
  left: { title: 'You have left the table', text: 'Thanks for playing.', remedies: ['play', 'home'] },
};

export function refusalTextFor(code: string, detail?: string): RefusalText {
  const known = refusalTexts[code as RefusalCode];
  if (known) return known;
  const says = Object.hasOwn(refusals, code) ? refusals[code as RefusalCode].message : `The server said “${code}”.`;
  return { title: 'That did not work', text: detail ?? says, remedies: ['again', 'home'] };
}

/** A move that did not count, in one line; null for what needs no words. */
export function moveRefusedText(code: string): string | null {
  switch (code) {
    case 'column-full':
      return 'That column is full.';
    case 'not-your-turn':
    case 'not-playing':
    case 'session-replaced':
    case 'seat-lost':
    case 'left':
      return null; // the page shows it anyway
    case 'unknown':
      return 'Whether your move counted cannot be told: the table is gone.';
    default:
      return refusalTextFor(code).text;
  }
}

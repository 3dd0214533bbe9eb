const manners = ['Brave', 'Calm', 'Clever', 'Gentle', 'Happy', 'Lucky', 'Mellow', 'Nimble', 'Patient', 'Quick', 'Sunny', 'Wise'];
const animals = ['Badger', 'Finch', 'Fox', 'Hare', 'Heron', 'Lynx', 'Magpie', 'Marten', 'Otter', 'Owl', 'Raven', 'Robin', 'Seal', 'Wren'];

const pick = (list: readonly string[]): string => list[Math.floor(Math.random() * list.length)]!;

export const longestName = 24;

/** A name for somebody who has not said one. */
export const suggestName = (): string => `${pick(manners)} ${pick(animals)}`;

/** As the server will read it, near enough to compare. */
export const tidyName = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, longestName).trim();

/** The name of the seat that somebody plays with the other hand. */
export function otherHandOf(name: string): string {
  const suffix = '’s left hand';
  return `${name.slice(0, longestName - suffix.length).trim()}${suffix}`;
}

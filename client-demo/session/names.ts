import { limits } from '../../shared/limits.ts';
import { normalizeName } from '../../shared/names.ts';

const adjectives = [
  'Brave',
  'Calm',
  'Clever',
  'Gentle',
  'Happy',
  'Lucky',
  'Mellow',
  'Nimble',
  'Patient',
  'Quick',
  'Sunny',
  'Wise',
];
const animals = [
  'Badger',
  'Finch',
  'Fox',
  'Hare',
  'Heron',
  'Lynx',
  'Magpie',
  'Marten',
  'Otter',
  'Owl',
  'Raven',
  'Robin',
  'Seal',
  'Wren',
];

const pick = (list: readonly string[]): string => list[Math.floor(Math.random() * list.length)]!;

/** A name for somebody who has not said one. */
export const suggestName = (): string => `${pick(adjectives)} ${pick(animals)}`;

/** As the server will read it. */
export const normalizePlayerName = (text: string): string => normalizeName(text) ?? '';

/** What a field takes, in UTF-16 units; what is shown is shorter. */
export const { nameUnits: maxNameUnits } = limits;

/** The name of the seat that somebody plays with the other hand. */
export function otherHandName(name: string): string {
  const suffix = '’s left hand';
  return `${[...name]
    .slice(0, limits.nameLength - suffix.length)
    .join('')
    .trim()}${suffix}`;
}

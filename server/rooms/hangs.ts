import { limits } from '../../shared/limits.ts';
import type { Blame } from '../store/contract.ts';
import { moveTimer, seatOf, type Hang, type RoomDocument } from './document.ts';

export type { Blame };

/**
 * Rules that hung. The node is gone; its watch has left a note (Blame), and the next owner journals it before anything
 * else (SPEC R8). From then on the document itself says what is not run again, and how often it has happened.
 */

/** What is not run again, by name; '' where the run was the last of its kind anyway. */
function barOf(blame: Blame): string {
  const { input, rule, who, player, session, n } = blame;
  if (rule.startsWith('effects.')) return barred.effect(rule.slice(8));
  if (rule === 'view') return barred.view(who);
  if (rule === 'away' || rule === 'back' || rule === 'left') return barred.hook(rule, who);
  if (rule === 'setup' && who === departure) return barred.setup;
  if (input === 'input') return barred.input(player);
  if (input === 'join') return barred.join(player);
  if (input === 'act') return n > 0 ? barred.act(session, n) : '';
  if (who !== '') return barred.bot(who); // a tick, a timer, what is planned: about somebody, they are about a bot
  return '';
}

/** For whom a match begins that nobody asked for. */
export const departure = 'departure';

/** The names of what may be barred. */
export const barred = {
  effect: (name: string): string => `effects.${name}`,
  view: (audience: string): string => `view ${audience}`,
  hook: (rule: string, player: string): string => `${rule} ${player}`,
  /** The beginning of a match that nobody asked for: a departure was what was waited for. */
  setup: 'setup',
  input: (player: string): string => `input ${player}`,
  join: (player: string): string => `join ${player}`,
  act: (session: string, n: number): string => `act ${session} ${n}`,
  bot: (player: string): string => `bot ${player}`,
};

const counting = (hang: Hang, now: number): boolean => now - hang.at < limits.hang.counts;
/** What the host's code does is not the game's fault. */
const ofRules = (hang: { rule: string }): boolean => !hang.rule.startsWith('effects.');

/** Whether this hung lately, and is not to be run. */
export const isBarred = ({ hidden }: RoomDocument, what: string, now: number): boolean => hidden.hangs?.some(h => h.bar === what && counting(h, now)) ?? false;

/** What an author is told of a rule that was not run. */
export class RuleHung extends Error {
  constructor(rule: string) {
    super(`${rule} hung, and is not run again for an hour`);
    this.name = 'RuleHung';
  }
}

/** What hung, each once: a room may have been taken over, and the same have hung again, before the first node could say so. */
export const distinct = (blames: readonly Blame[]): Blame[] => [...new Map(blames.map(b => [JSON.stringify({ ...b, id: '' }), b])).values()];

/** Writes hangs into the document: what was running is consumed, and will not run again. @returns why the room is to be quarantined, or null */
export function noteHangs(doc: RoomDocument, blames: readonly Blame[], now: number): string | null {
  const { hidden, room } = doc;
  for (const blame of blames) {
    hidden.hangs = [{ at: now, rule: blame.rule, bar: barOf(blame) }, ...(hidden.hangs ?? []).filter(h => counting(h, now))].slice(0, limits.hang.kept);
    if (blame.input !== 'timers') continue;
    const [kind, name = ''] = blame.rule.split(/\.(.*)/s);
    if (kind === 'bot' || kind === 'actions') delete hidden.timers[moveTimer(seatOf(doc, blame.who))];
    if (kind !== 'timers') continue;
    delete hidden.timers[name];
    delete room.clocks[name];
  }
  if (blames.some(b => b.input === 'migrate')) return `the state of version ${hidden.stateVersion} could not be brought to another: migrate hung`;
  const lately = (hidden.hangs ?? []).filter(h => ofRules(h) && counting(h, now));
  return lately.length >= limits.hang.most ? `rules hung ${lately.length} times within an hour: ${lately.map(h => h.rule).join(', ')}` : null;
}

/** Whether what hung quarantines the room as soon as it is journaled. */
const isPastHelp = (doc: RoomDocument, blames: readonly Blame[], now: number): boolean => blames.length > 0
  && (blames.some(b => b.input === 'migrate') || [...(doc.hidden.hangs ?? []).filter(h => counting(h, now)), ...blames].filter(ofRules).length >= limits.hang.most);

/** Whether the view of an audience is not run: it hung, or the room is out of play. */
export const isUnseen = (doc: RoomDocument, blames: readonly Blame[], audience: string, now: number): boolean => doc.room.phase === 'quarantined' || isPastHelp(doc, blames, now)
  || blames.some(b => barOf(b) === barred.view(audience)) || isBarred(doc, barred.view(audience), now);

/** Whether an effect is not begun. */
export const isUndone = (doc: RoomDocument, blames: readonly Blame[], name: string, now: number): boolean =>
  blames.some(b => barOf(b) === barred.effect(name)) || isBarred(doc, barred.effect(name), now);

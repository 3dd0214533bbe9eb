import { RejoinError } from '../../../shared/errors.ts';
import { limits } from '../../../shared/limits.ts';
import type { HangReport } from '../../store/store.ts';
import { moveTimer, seatOf, type Hang, type RoomDocument } from './document.ts';

export type { HangReport };

/**
 * Rules that hung.
 * The node that ran such a rule has exited; its hang detector has stored a HangReport. The next owner journals the
 * report before anything else (SPEC R8). From then on the document states what is blocked and how often rules have
 * hung.
 */

/** The key under which the rule is blocked; '' if the run cannot recur anyway. */
function blockKeyOf(report: HangReport): string {
  const { input, rule, who, player, session, n } = report;
  if (rule.startsWith('effects.')) return blockKeys.effect(rule.slice(8));
  if (rule === 'view') return blockKeys.view(who);
  if (rule === 'away' || rule === 'back' || rule === 'left') return blockKeys.hook(rule, who);
  if (rule === 'setup' && who === departure) return blockKeys.setup;
  if (input === 'input') return blockKeys.input(player);
  if (input === 'join') return blockKeys.join(player);
  if (input === 'serve') return session === '' ? '' : blockKeys.serverCall(session);
  if (input === 'act') return n > 0 ? blockKeys.act(session, n) : '';
  if (who !== '') return blockKeys.bot(who); // bot runs: in ticks, timers and planning, `who` is set only for bots
  return '';
}

/** Subject of a `setup` run that a departure has triggered. */
export const departure = 'departure';

/** Keys of what can be blocked. */
export const blockKeys = {
  effect: (name: string): string => `effects.${name}`,
  view: (audience: string): string => `view ${audience}`,
  hook: (rule: string, player: string): string => `${rule} ${player}`,
  /** The start of a match that was triggered by a departure. */
  setup: 'setup',
  input: (player: string): string => `input ${player}`,
  join: (player: string): string => `join ${player}`,
  act: (session: string, n: number): string => `act ${session} ${n}`,
  serverCall: (key: string): string => `serve ${key}`,
  bot: (player: string): string => `bot ${player}`,
};

const isRecent = (hang: Hang, now: number): boolean => now - hang.at < limits.hang.reportTtl;
/** Effects are the host's code, so a hanging effect is not the game's fault. */
const isRuleHang = (hang: { rule: string }): boolean => !hang.rule.startsWith('effects.');

/** Whether `what` hung recently and is blocked. */
export const isBlocked = ({ hidden }: RoomDocument, what: string, now: number): boolean =>
  hidden.hangs?.some(h => h.bar === what && isRecent(h, now)) ?? false;

/** Reported to the game's author when a blocked rule is skipped. */
export class RuleHungError extends RejoinError {
  override readonly name = 'RuleHungError';
  override readonly code = 'rule-hung';

  constructor(rule: string) {
    super(`${rule} hung and is blocked for an hour`);
  }
}

/**
 * Removes duplicates: a room may have been taken over, and the same rule hung again, before the first node wrote its
 * report.
 */
export const deduplicateReports = (reports: readonly HangReport[]): HangReport[] => [
  ...new Map(reports.map(b => [JSON.stringify({ ...b, id: '' }), b])).values(),
];

/**
 * Records hangs in the document. What was running counts as consumed and is not run again.
 * @returns why the room is to be quarantined, or null
 */
export function recordHangs(doc: RoomDocument, reports: readonly HangReport[], now: number): string | null {
  const { hidden, room } = doc;
  for (const report of reports) {
    hidden.hangs = [
      { at: now, rule: report.rule, bar: blockKeyOf(report) },
      ...(hidden.hangs ?? []).filter(h => isRecent(h, now)),
    ].slice(0, limits.hang.reportsKept);
    if (report.input !== 'timers') continue;
    const [kind, name = ''] = report.rule.split(/\.(.*)/s);
    if (kind === 'bot' || kind === 'actions') delete hidden.timers[moveTimer(seatOf(doc, report.who))];
    if (kind !== 'timers') continue;
    delete hidden.timers[name];
    delete room.clocks[name];
  }
  if (reports.some(b => b.input === 'migrate'))
    return `could not migrate the state from version ${hidden.stateVersion}: migrate hung`;
  const lately = (hidden.hangs ?? []).filter(h => isRuleHang(h) && isRecent(h, now));
  return lately.length >= limits.hang.maxReports
    ? `rules hung ${lately.length} times within an hour: ${lately.map(h => h.rule).join(', ')}`
    : null;
}

/** Whether journaling these reports will quarantine the room. */
const willQuarantine = (doc: RoomDocument, reports: readonly HangReport[], now: number): boolean =>
  reports.length > 0 &&
  (reports.some(b => b.input === 'migrate') ||
    [...(doc.hidden.hangs ?? []).filter(h => isRecent(h, now)), ...reports].filter(isRuleHang).length >=
      limits.hang.maxReports);

/** Whether the view of an audience is not evaluated, because it hung or the room is quarantined. */
export const isViewBlocked = (
  doc: RoomDocument,
  reports: readonly HangReport[],
  audience: string,
  now: number,
): boolean =>
  doc.room.phase === 'quarantined' ||
  willQuarantine(doc, reports, now) ||
  reports.some(b => blockKeyOf(b) === blockKeys.view(audience)) ||
  isBlocked(doc, blockKeys.view(audience), now);

export const isEffectBlocked = (
  doc: RoomDocument,
  reports: readonly HangReport[],
  name: string,
  now: number,
): boolean =>
  reports.some(b => blockKeyOf(b) === blockKeys.effect(name)) || isBlocked(doc, blockKeys.effect(name), now);

import { createHash } from 'node:crypto';
import type { ContractDef } from '../../../shared/contract.ts';
import type { Json, JsonObject } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import { parse } from '../../../shared/parse.ts';
import { parseJson } from '../../../shared/parse-json.ts';
import { makeRefusal } from '../../../shared/refusals.ts';
import { hungDetail, type Actions } from './actions.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Command, Outcome } from './commands.ts';
import { seatOf, type StoredVerdict } from './document.ts';
import { EngineRefusalError } from './engine-actions.ts';
import { blockKeys } from './hangs.ts';
import { refuseQuarantined } from './quarantine.ts';
import { assertSync } from './rule-context.ts';
import type { RuleRunner } from './rule-runner.ts';

/**
 * What the server's own code has a room do once: a server action (`$act`), an event (`$send`), or what the engine does
 * (`$end`, `$kick`).
 */
export interface ServerCall {
  kind: '$act' | '$send' | '$end' | '$kick';
  /** `=` and the caller's key, or `$` and a unique text. */
  key: string;
  /** The same for all attempts of one call. Nodes of older builds send none. */
  call?: string;
  /** Of the action or the event; the player to kick. */
  name: string;
  data: Json;
  /** For an event: the players who are sent it; null: all members. */
  to: string[] | null;
}

/**
 * As sent to a room. The fields of `data` of `$end` and `$kick` are outside it, too: nodes of builds that do not know
 * their keys read them there.
 */
export const encodeServerCall = ({ kind, ...call }: ServerCall): Json =>
  ({ ...(isEngineCall(kind) ? (call.data as JsonObject) : {}), ...call }) as unknown as Json;

type ServeCommand = Command & { kind: 'serve' };

const isEngineCall = (kind: string): boolean => kind === '$end' || kind === '$kick';

export const isServerCall = ({ name, data }: Pick<ServeCommand, 'name' | 'data'>): boolean =>
  name === '$act' ||
  name === '$send' ||
  (isEngineCall(name) && typeof (data as JsonObject | null)?.['key'] === 'string');
export const readServerCall = ({ name, data }: ServeCommand): ServerCall => ({
  ...(data as unknown as ServerCall),
  kind: name as ServerCall['kind'],
});
/** The rule that a call runs, as in hang reports and logs. */
export const ruleOf = ({ kind, name }: ServerCall): string =>
  isEngineCall(kind) ? kind : `${kind === '$act' ? 'serverActions' : 'events'}.${name}`;

/** What a key stands for. */
const subjectOf = (call: ServerCall): string => (call.kind === '$kick' ? `$kick ${call.name}` : ruleOf(call));

/** A hash of what the call does: the same for all attempts of one call. */
const contentOf = ({ data, to }: ServerCall): string =>
  createHash('sha256')
    .update(canonicalJson([data, to ?? null]))
    .digest('base64url')
    .slice(0, 16);

/** Executes calls of the server, each once: the room remembers their verdicts by key for some time (SPEC X5). */
export class ServerCalls {
  constructor(
    private readonly rules: RuleRunner,
    private readonly actions: Actions,
  ) {}

  /** @param seq the entry that will contain the call */
  run(call: ServerCall, seq: number): Outcome {
    const known = this.knownOutcome(call);
    if (known) return known;
    if (this.rules.fault) return refuseQuarantined(this.rules.doc);
    const verdict = this.execute(call, seq);
    this.rules.draft.transact(() => this.record(call, verdict));
    return outcomeOf(verdict);
  }

  private execute(call: ServerCall, seq: number): StoredVerdict {
    if (this.rules.isBlocked(blockKeys.serverCall(call.key))) return [seq, 'rule-failed', hungDetail];
    if (isEngineCall(call.kind)) return this.runEngineAction(call, seq);
    try {
      if (call.kind === '$act') this.rules.draft.transact(() => this.runAction(call), 'rule');
      else this.rules.draft.transact(() => this.sendEvent(call));
      return seq;
    } catch (error) {
      const { code, detail } = this.actions.refusalOf(error, call.name, ruleOf(call));
      return [seq, code, detail ?? ''];
    }
  }

  private runEngineAction({ kind, data }: ServerCall, seq: number): StoredVerdict {
    const outcome = this.actions.serve({ kind: 'serve', name: kind, data }, seq);
    return outcome.kind === 'refused' ? [seq, outcome.refusal.code, outcome.refusal.detail ?? ''] : seq;
  }

  private runAction({ name, data }: ServerCall): void {
    const { game, doc } = this.rules;
    const { serverActions = {} } = game.contract.def as ContractDef;
    if (!Object.hasOwn(serverActions, name)) throw new EngineRefusalError('no-such-action');
    if (doc.room.phase !== 'playing') throw new EngineRefusalError('not-playing');
    const read = parse(serverActions[name]!, data);
    if (!read.ok) throw new EngineRefusalError('bad-data', read.detail);
    const rules = game.rules.serverActions as Record<string, (s: unknown, data: unknown, ctx: unknown) => unknown>;
    assertSync(rules[name]!(doc.state, read.value, this.rules.context(null)));
  }

  private sendEvent({ name, data, to }: ServerCall): void {
    const { game, doc, draft } = this.rules;
    const { events = {}, view } = game.contract.def as ContractDef;
    if (!Object.hasOwn(events, name))
      throw new EngineRefusalError('bad-request', `the contract has no event '${name}'`);
    const read = parseJson(events[name]!, data, `events.${name}`);
    if (!read.ok) throw new EngineRefusalError('bad-data', read.detail);
    if (to && !view)
      throw new EngineRefusalError('bad-request', 'to: only a game with a view can send an event to some players');
    const seats = to?.map(player => seatOf(doc, player));
    if (seats?.some(seat => seat < 0)) throw new EngineRefusalError('not-seated');
    if (draft.events.length >= limits.events) throw new EngineRefusalError('busy');
    draft.events.push({ name, data: read.value, ...(seats ? { to: seats } : {}) });
  }

  /** The outcome of a call that was executed before, or that cannot be executed now; null: it is to be executed. */
  private knownOutcome(call: ServerCall): Outcome | null {
    const { doc, now } = this.rules;
    const served = doc.hidden.served ?? {};
    const known = Object.hasOwn(served, call.key) ? served[call.key]! : null;
    if (known && known[0] > now)
      return known[1] === subjectOf(call) && (known[4] === undefined || known[4] === contentOf(call))
        ? outcomeOf(known[2], known[3] !== call.call)
        : { kind: 'refused', refusal: makeRefusal('bad-request', 'key: was used for something else, or other data') };
    const live = Object.values(served).filter(([until]) => until > now);
    const { keys, engineKeys } = limits.serverCalls;
    if (live.length < keys + (isEngineCall(call.kind) ? engineKeys : 0)) return null;
    const wait = Math.min(...live.map(([until]) => until)) - now;
    const detail = `the room remembers ${keys} keys`;
    return { kind: 'refused', refusal: makeRefusal('slow-down', detail, wait) };
  }

  /** Records a verdict, and forgets those whose time is over. */
  private record(call: ServerCall, verdict: StoredVerdict): void {
    const { doc, now } = this.rules;
    const { keyLife, callLife } = limits.serverCalls;
    const served = (doc.hidden.served ??= {});
    for (const [key, [until]] of Object.entries(served)) if (until <= now) delete served[key];
    const until = now + (call.key.startsWith('$') ? callLife : keyLife);
    served[call.key] = [until, subjectOf(call), verdict];
    if (call.call !== undefined) served[call.key]!.push(call.call, contentOf(call));
  }
}

const outcomeOf = (verdict: StoredVerdict, repeated = false): Outcome =>
  typeof verdict === 'number'
    ? { kind: 'accepted', seq: verdict, ...(repeated ? { repeated: true as const } : {}) }
    : { kind: 'refused', refusal: { ok: false, code: verdict[1], ...(verdict[2] ? { detail: verdict[2] } : {}) } };

import type { ActRequest, JoinRequest, NumberedVerdict } from '../../shared/protocol.ts';
import { protocolVersion } from '../../shared/protocol.ts';
import { dutyOf, type Refused } from '../../shared/refusals.ts';
import { clientLimits } from '../../shared/client-limits.ts';
import type { Passing, Wire } from './client-proxy.ts';

/** Timers of clients and of this process are not exact: so much earlier (ms) than allowed is not held against it. */
const toleranceMs = 25;
/** A packet that arrives so soon (ms) after an answer may have been sent before the client had the answer. */
const inFlightMs = 300;

interface Session {
  /** The base in the last message that the client received. */
  base: number;
  term: number;
  /** When the client received base and term, in monotonic ms. */
  changedAt: number;
  /** The connection whose first join was answered with them, so that no action was in flight on it; null: another message. */
  changedOn: Wire | null;
  /** What was sent under each number since. */
  readonly sent: Map<number, string>;
  /** Numbers that have a verdict, with what was sent under them. */
  readonly settled: Map<number, string>;
  /** Earliest time (monotonic ms) at which a number may be sent again, and the refusal that said so. */
  readonly notBefore: Map<number, { at: number; code: string; retryAfter: number }>;
}

/** The parts of `act`, `join` and their answers that are checked. */
type Reply = Partial<Refused> & {
  ok: boolean;
  session?: string;
  base?: number;
  term?: number;
  place?: unknown;
  verdicts?: NumberedVerdict[];
};

/**
 * Follows one client's packets and notes every broken rule, in every scenario. It judges only what the client has
 * received: a packet that a fault has dropped is unknown to it.
 */
export class Monitor {
  readonly violations: string[] = [];
  private token: string | null = null;
  private tokenAt = -Infinity;
  /** What the client has sent proves that it has received its token. */
  private isTokenKnown = false;
  /** The connection whose first join was answered after the token had been sent to the client. */
  private joinedSinceToken: Wire | null = null;
  /** The session of the last join that was answered; null before that, and after its hold has ended. */
  private session: string | null = null;
  private readonly sessions = new Map<string, Session>();
  /** The hold is over for good: code, and the message that said so. */
  private over: string | null = null;
  private joinNotBefore = { at: -Infinity, code: '', retryAfter: 0 };
  private refusedForGood: string | null = null;
  private readonly positions = new Set<string>();
  private readonly joinedWires = new WeakSet<Wire>();

  readonly follow = (passing: Passing): void => {
    if (passing.way === 'up') this.sent(passing);
    else this.received(passing);
  };

  private violate(rule: string, text: string): void {
    const violation = `${text} [${rule}]`;
    if (!this.violations.includes(violation)) this.violations.push(violation);
  }

  private sent({ packet, at, wire }: Passing): void {
    if (packet.kind === 'connect') {
      if (this.refusedForGood !== null)
        this.violate(
          'U8',
          `the client connected again after the server had refused it with ${this.refusedForGood}, which is final`,
        );
      if (packet.body['wire'] !== protocolVersion)
        this.violate(
          'W15d',
          `the handshake must name the protocol: 40{"wire":${protocolVersion},…}, not 40${JSON.stringify(packet.body)}`,
        );
      const hasToken = this.isTokenKnown || at - this.tokenAt > inFlightMs;
      if (this.token !== null && packet.body['token'] !== this.token && hasToken)
        this.violate(
          'W4',
          'the handshake did not carry the token of the last "welcome" (or "token"): without it the server makes another player, who has no seat',
        );
    }
    if (packet.kind !== 'event') return;
    const body = packet.args[0] as never;
    if (
      ['join', 'act', 'place', 'create', 'list', 'inspect'].includes(packet.name) &&
      packet.id === '' &&
      packet.name !== 'act'
    )
      this.violate(
        'W5',
        `"${packet.name}" was sent without an acknowledgement id: 42<id>["${packet.name}",…]; its answer cannot be delivered`,
      );
    if (packet.name === 'join') this.sentJoin(body, at);
    if (packet.name === 'act') {
      this.isTokenKnown ||= this.joinedSinceToken === wire;
      this.sentAct(body, packet.id, at, wire);
    }
  }

  private sentJoin(join: JoinRequest, at: number): void {
    if (this.over !== null)
      return this.violate(
        'U8',
        `the client joined again after ${this.over}: the hold is over, and the user decides what to do`,
      );
    if (at < this.joinNotBefore.at - toleranceMs)
      this.violate(
        'W3',
        `the client joined again ${Math.round(this.joinNotBefore.at - at)} ms too early: "${this.joinNotBefore.code}" had retryAfter ${this.joinNotBefore.retryAfter}`,
      );
    if (join.session === undefined && !join.watch)
      this.violate(
        'A6a',
        'a join must name a "session": a random id that the client generates, the same on each retry and reconnect',
      );
    if (this.session === null || join.watch) return;
    if (join.session !== this.session)
      this.violate(
        'A6',
        `the client joined again with another session (${join.session}, before: ${this.session}): the new session closes the old one, and unanswered actions have an unknown outcome`,
      );
    if (join.resume !== true)
      this.violate(
        'A10',
        'a join of a session that was answered before must say "resume": true; otherwise a lost seat goes unnoticed and a new one is taken',
      );
    if (!Array.isArray(join.place))
      this.violate(
        'C2',
        'the join after an interruption must name the client\'s position as "place": [term, seq]; otherwise nothing can tell whether history was lost',
      );
    else if (!this.positions.has(join.place.join()))
      this.violate(
        'C2',
        `the join named the position [${join.place.join()}], which no answer and no change had: "place" is [term, seq] of the last entry that was applied, not prevTerm and not another owner's term`,
      );
  }

  private sentAct(act: ActRequest, id: string, at: number, wire: Wire): void {
    if (act.name.startsWith('$') && act.n === undefined) return;
    if (act.n === undefined)
      return this.violate(
        'A1',
        `"act" ${act.name} has no number "n": without one it is executed at most once and its outcome is unknown after a failure`,
      );
    if (id === '') this.violate('W5', '"act" was sent without an acknowledgement id: its verdict cannot be delivered');
    const session = this.sessions.get(act.session ?? this.session ?? '');
    if (!session)
      return this.violate(
        'A1',
        `"act" n=${act.n} was sent before the join was answered: the join's answer says base and term`,
      );
    if (act.term === undefined)
      return this.violate(
        'A1',
        `"act" n=${act.n} has no "term": it must be stamped with the term of the last join or "stale-term"`,
      );
    const mayPrecedeAnswer = session.changedOn !== wire && at - session.changedAt < inFlightMs;
    if (mayPrecedeAnswer && act.term < session.term) return;
    if (act.term < session.term)
      this.violate(
        'A5',
        `"act" n=${act.n} is stamped with term ${act.term}, but the client had been answered with term ${session.term}: after "stale-term" settle, renumber from base + 1, and stamp with the new term`,
      );
    const what = JSON.stringify([act.name, act.data ?? null]);
    const settled = session.settled.get(act.n);
    if (settled !== undefined && settled !== what)
      this.violate(
        'A1a',
        `"act" n=${act.n} was sent again for another action (${what}; it has a verdict for ${settled}): the server answers with the recorded verdict and executes nothing. Use base + 1 = ${session.base + 1}`,
      );
    else if (settled === undefined && act.n <= session.base)
      this.violate(
        'A1a',
        `"act" n=${act.n} is used up: the client had received base ${session.base}, so its next number is ${session.base + 1}`,
      );
    if (act.n > session.base + clientLimits.actionWindow)
      this.violate(
        'A1b',
        `"act" n=${act.n} is more than ${clientLimits.actionWindow} above the base ${session.base}: wait for verdicts`,
      );
    const gap = Array.from({ length: act.n - session.base - 1 }, (_x, i) => session.base + 1 + i).find(
      n => !session.sent.has(n),
    );
    if (gap !== undefined && act.n <= session.base + clientLimits.actionWindow && !mayPrecedeAnswer)
      this.violate('A2', `"act" n=${act.n} was sent although n=${gap} was not: numbers have no gaps`);
    const wait = session.notBefore.get(act.n);
    if (wait && at < wait.at - toleranceMs)
      this.violate(
        'W3',
        `"act" n=${act.n} was sent again ${Math.round(wait.at - at)} ms too early: "${wait.code}" had retryAfter ${wait.retryAfter}`,
      );
    session.sent.set(act.n, what);
  }

  private received({ packet, request, at, wire }: Passing): void {
    if (packet.kind === 'connect-error') {
      const refusal = packet.body['data'] as Refused | undefined;
      if (
        refusal &&
        dutyOf(refusal.code) === 'stop' &&
        refusal.code !== 'bad-token' &&
        refusal.code !== 'not-signed-in'
      )
        this.refusedForGood = refusal.code;
    }
    if (packet.kind === 'event') this.receivedEvent(packet.name, packet.args, at);
    if (packet.kind !== 'ack' || request === null) return;
    const reply = packet.args[0] as Reply;
    if (reply.code === 'bad-request')
      this.violate(
        'W1',
        `"${request.name}" was malformed: ${reply.detail ?? 'no detail'}. It was ${JSON.stringify(request.body)}`,
      );
    if (request.name === 'join') this.receivedJoin(request.body as JoinRequest, reply, at, wire);
    if (request.name === 'act') this.receivedVerdict(request.body as ActRequest, reply, at);
  }

  private receivedEvent(name: string, args: readonly unknown[], at: number): void {
    if (name === 'welcome' || name === 'token') {
      const token = name === 'token' ? (args[0] as string) : (args[0] as { token: string }).token || null;
      if (token !== this.token) {
        this.tokenAt = at;
        this.isTokenKnown = false;
        this.joinedSinceToken = null;
      }
      this.token = token;
    }
    if (name === 'change') this.positions.add([args[1], args[2]].join());
    if (name === 'c' || name === 's') {
      // The term is in effect per room; clients under test are in one.
      const term = name === 'c' && typeof args[4] === 'number' ? args[4] : this.shortTerm;
      this.shortTerm = term;
      this.positions.add([term, args[1]].join());
    }
    if (name === 'notice') {
      const { code, session } = args[0] as { code: string; session?: string };
      if (code === 'kicked' || code === 'closed') this.over = `the notice "${code}"`;
      if (code === 'session-replaced' && session === this.session) this.over = 'the notice "session-replaced"';
    }
  }
  private shortTerm = 0;

  private receivedJoin(join: JoinRequest, reply: Reply, at: number, wire: Wire): void {
    if (!reply.ok) {
      const duty = dutyOf(reply.code!);
      if (duty === 'retry')
        this.joinNotBefore = { at: at + (reply.retryAfter ?? 0), code: reply.code!, retryAfter: reply.retryAfter ?? 0 };
      else if (duty === 'renew') this.session = null;
      else this.over = `the join was refused with "${reply.code}"`;
      return;
    }
    const session = reply.session!;
    if (!join.watch) this.session = session;
    if (Array.isArray(reply.place)) this.positions.add((reply.place as number[]).join());
    this.shortTerm = reply.term!;
    this.reconcile(session, reply.term!, reply.base!, at, this.joinedWires.has(wire) ? null : wire);
    // No action precedes this answer on its connection.
    if (!this.joinedWires.has(wire)) this.joinedSinceToken = wire;
    this.joinedWires.add(wire);
  }

  private reconcile(id: string, term: number, base: number, at: number, on: Wire | null): void {
    const known = this.sessions.get(id);
    if (known && term < known.term) return;
    const session: Session = known ?? {
      base,
      term,
      changedAt: at,
      changedOn: on,
      sent: new Map(),
      settled: new Map(),
      notBefore: new Map(),
    };
    this.sessions.set(id, session);
    for (const [n, what] of session.sent) if (n <= base) session.settled.set(n, what);
    // A lost history takes verdicts with it: their numbers are free again.
    for (const n of session.settled.keys()) if (n > base && term > session.term) session.settled.delete(n);
    session.sent.clear();
    session.notBefore.clear();
    const newBase = term === session.term ? Math.max(session.base, base) : base;
    if (term !== session.term || newBase !== session.base || on !== null) {
      session.changedAt = at;
      session.changedOn = on;
    }
    session.base = newBase;
    session.term = term;
  }

  private receivedVerdict(act: ActRequest, reply: Reply, at: number): void {
    const session = this.sessions.get(act.session ?? this.session ?? '');
    if (!session || act.n === undefined || act.term !== session.term) {
      if (session && reply.code === 'stale-term')
        this.reconcile(act.session ?? this.session ?? '', reply.term!, reply.base!, at, null);
      return;
    }
    if (reply.code === 'stale-term')
      return this.reconcile(act.session ?? this.session!, reply.term!, reply.base!, at, null);
    if (!reply.ok && dutyOf(reply.code!) === 'retry')
      return void session.notBefore.set(act.n, {
        at: at + (reply.retryAfter ?? 0),
        code: reply.code!,
        retryAfter: reply.retryAfter ?? 0,
      });
    if (!reply.ok && reply.place === undefined) {
      session.sent.clear(); // the number is not used up: the following actions move up
      session.changedAt = at;
      session.changedOn = null;
      return;
    }
    const what = session.sent.get(act.n);
    if (what === undefined) return; // a second copy of an answer
    session.sent.delete(act.n);
    session.settled.set(act.n, what);
    session.base = Math.max(session.base, act.n);
  }
}

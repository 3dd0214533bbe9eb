import type {
  AppendRequest,
  ClaimedRoom,
  NewRoom,
  PassRequest,
  PassResult,
  SnapshotRequest,
} from '../../../server/store/store.ts';
import type { StoreCall } from '../../../testkit/faulty-store.ts';
import { changed, entryChanges, difference, isSame } from '../independent-delta.ts';
import type { ReportViolation } from '../journal-checks.ts';
import { lifeGames, type LifeGame, type Log } from './games.ts';

/** A room's document, as far as the checks read it. */
export interface LifeDoc {
  room: {
    id: string;
    code: string;
    game: string;
    phase: 'waiting' | 'playing' | 'ended' | 'quarantined';
    match: number;
    host: number | null;
    seats: ({ player: string; here: boolean; until: number | null; out: boolean; bot: boolean } | null)[];
  };
  state: Log | null;
  hidden: {
    clock: number;
    fault: string | null;
    timers: Record<string, { at: number }>;
    seats: ({ player: string; session: string } | null)[];
    banned: string[];
  };
}

/** An action as somebody asked for it. */
export interface LifeAction {
  id: string;
  player: string;
  room: string;
  how: string;
  verdict: 'accepted' | 'refused' | 'unknown' | null;
  code: string;
}
/** A time in which no node reached the store, in virtual ms (wall clock). */
export interface Outage {
  from: number;
  to: number;
}

export const isBot = (player: string): boolean => player.startsWith('$');

/**
 * One room as the store was told of it, checked at each call that the store carries out. Has the document of every
 * entry, by applying entries with code of the tests' own.
 */
export class Ledger {
  readonly game: LifeGame;
  doc: LifeDoc;
  /** Documents by seq: what a client at that place must show. */
  private readonly docs = new Map<number, LifeDoc>();
  private readonly terms = new Map<number, number>();
  seq = 0;
  term = 0;
  token: string | null = null;
  removed = false;
  private due: number | null = null;
  private readonly tokens = new Map<string, { term: number; node: string }>();
  private match = 0;
  private done = 0;
  private fired = 0;
  /** When each timer that is armed was set, on the room's clock, by the mark of its action. */
  private readonly armedAt = new Map<string, number>();
  /** When players lost their seats, virtual ms. */
  readonly lostAt = new Map<string, number>();
  /** The entry in which each player lost a seat last. */
  readonly lostIn = new Map<string, number>();
  /** When each match ended, virtual ms. */
  readonly endedAt = new Map<number, number>();
  /** Players who ever had a seat here, or whom a quick join led here. */
  readonly cameHere = new Set<string>();
  /** Whether somebody owned the room when the last outage began. */
  ownedAtOutage = false;

  constructor(
    room: NewRoom,
    private readonly world: {
      actions: ReadonlyMap<string, LifeAction>;
      where: Map<string, string>;
      outages: readonly Outage[];
      complain: ReportViolation;
      now: number;
    },
  ) {
    this.doc = (JSON.parse(room.snapshot) as { doc: LifeDoc }).doc;
    this.game = lifeGames.find(g => g.name === this.doc.room.game)!;
    this.docs.set(0, this.doc);
  }

  get id(): string {
    return this.doc.room.id;
  }
  get head(): readonly [number, number] {
    return [this.termOf(this.seq), this.seq];
  }
  termOf(seq: number): number {
    return this.terms.get(seq) ?? 0;
  }
  /** The document at a place; undefined where there is no such entry. */
  at([term, seq]: readonly [number, number]): LifeDoc | undefined {
    return seq === 0 || this.termOf(seq) === term ? this.docs.get(seq) : undefined;
  }
  seatOf(player: string): number {
    return this.doc.hidden.seats.findIndex(s => s?.player === player);
  }
  get isClosed(): boolean {
    return this.doc.hidden.fault === 'closed';
  }

  take(call: StoreCall, args: readonly unknown[]): void {
    if (call.op === 'claim' && (call.result as ClaimedRoom).ok)
      this.owned(args[1] as { token: string; node: string }, (call.result as ClaimedRoom).term);
    else if (call.op === 'pass' && (call.result as PassResult).ok)
      this.owned((args[1] as PassRequest).to, (call.result as PassResult).term);
    else if (call.op === 'append' && call.result === 'ok') this.appended(call, args[1] as AppendRequest);
    else if (call.op === 'release' && call.result === 'ok') this.token = null;
    else if (call.op === 'remove' && call.result === 'ok') this.removed = true;
    else if (call.op === 'snapshot' && call.result === 'ok') this.snapshot(args[1] as SnapshotRequest);
  }

  private complain(rule: string, what: string): void {
    this.world.complain(rule, `${this.doc.room.game} ${this.id.slice(0, 4)}: ${what}`);
  }

  private owned(owner: { token: string; node: string }, term: number): void {
    if (term <= this.term) this.complain('terms', `term ${term} after ${this.term}`);
    this.tokens.set(owner.token, { term, node: owner.node });
    this.term = term;
    this.token = owner.token;
  }

  private appended(call: StoreCall, append: AppendRequest): void {
    const owner = this.tokens.get(append.token);
    if (append.token !== this.token || owner?.node.split('~')[0] !== call.node)
      return this.complain('a term has one writer', `${call.node} wrote entry ${append.seq}`);
    if (append.seq !== this.seq + 1) return this.complain('one history', `entry ${append.seq} after ${this.seq}`);
    const before = {
      clock: this.doc.hidden.clock,
      phase: this.doc.room.phase,
      match: this.doc.room.match,
      seats: this.doc.hidden.seats.map(s => s?.player),
    };
    const former = this.doc;
    this.doc = changed(former, entryChanges(append.entry)) as LifeDoc;
    this.seq = append.seq;
    this.terms.set(append.seq, this.term);
    this.docs.set(append.seq, this.doc);
    const { room, hidden } = this.doc;
    if (hidden.clock < before.clock)
      this.complain('time', `the room's clock went back from ${before.clock} to ${hidden.clock}`);
    if (hidden.fault !== null && hidden.fault !== 'closed') this.complain('quarantine', hidden.fault);
    for (const player of before.seats) {
      if (player === undefined || this.seatOf(player) >= 0) continue;
      this.lostAt.set(player, this.world.now);
      this.lostIn.set(player, append.seq);
    }
    for (const seat of hidden.seats) if (seat) this.cameHere.add(seat.player);
    if (append.due !== undefined) this.due = append.due;
    const due = Object.values(hidden.timers).reduce((least, t) => Math.min(least, t.at), Infinity);
    if ((this.due ?? Infinity) !== due)
      this.complain('timers', `entry ${append.seq}: due at ${due}, the index says ${this.due}`);
    if (append.release) this.token = null;
    for (const [player, n] of counted(hidden.seats.map(s => s?.player)))
      if (n > 1) this.complain('one seat', `${player} has ${n} seats`);
    for (const [player, n] of counted(room.seats.map(s => s?.player)))
      if (n > 1) this.complain('one seat', `room.players lists ${player} ${n} times`);
    this.read();
    if (before.phase === 'playing' && room.match !== before.match)
      this.complain(
        'the end of a match ends its entry',
        `match ${room.match} begins in the entry in which match ${before.match} ends`,
      );
    if (before.phase === 'playing' && room.phase === 'ended') this.ended();
    if (before.phase === 'ended' && room.match !== before.match) this.beganWithout(former, append.entry);
  }

  /** S5e: the next match took a seat only from players who were away for 10 s. */
  private beganWithout({ room }: LifeDoc, entry: string): void {
    const [, , clock, , events = []] = JSON.parse(entry) as [0, 0, number, 0, { name: string; data: never }[]?];
    const hold = this.game.def.away?.hold ?? 60_000;
    for (const { name, data } of events) {
      const { seat, why } = data as { seat: number; why: string };
      if (name !== '$left' || why !== 'forfeited') continue;
      const lost = room.seats[seat]!;
      if (lost.here || (lost.until !== null && lost.until - hold + 10_000 > clock))
        this.complain(
          'the next match waits',
          `seat ${seat} is lost, whose player ${lost.here ? 'is there' : 'was just there'}`,
        );
    }
  }

  private snapshot({ seq, text }: SnapshotRequest): void {
    const { doc } = JSON.parse(text) as { doc: LifeDoc };
    const known = this.at([this.termOf(seq), seq]);
    if (!known || !isSame(doc, known))
      this.complain(
        'the journal is the document',
        `the snapshot of ${seq}: ${known ? difference(doc, known) : 'no such entry'}`,
      );
  }

  /** What is new in the state. */
  private read(): void {
    const { state, room } = this.doc;
    if (!state) return;
    if (room.match !== this.match) {
      this.match = room.match;
      this.done = this.fired = 0;
    }
    for (const { id, seat } of state.done.slice(this.done)) if (!id.startsWith('~z')) this.doneNow(id, seat);
    this.done = state.done.length;
    for (const { id } of Object.values(state.armed))
      if (!this.armedAt.has(id)) this.armedAt.set(id, this.doc.hidden.clock);
    for (const one of state.fired.slice(this.fired)) this.firedNow(one);
    this.fired = state.fired.length;
    if (state.migrations > 1) this.complain('versions', 'migrated twice');
  }

  private doneNow(id: string, seat: number): void {
    const { actions, where } = this.world;
    const before = where.get(id);
    const now = `${this.id.slice(0, 4)}, match ${this.match}, seat ${seat}`;
    if (before !== undefined)
      this.complain('no action under two seats', `${id} is done twice: in ${before}, and in ${now}`);
    where.set(id, now);
    const asked = actions.get(id);
    if (!asked) return this.complain('exactly once', `${id} was not asked for`);
    if (asked.room !== this.id) this.complain('exactly once', `${id} was asked of another room`);
    const player = this.doc.room.seats[seat]?.player;
    // Who leaves in the same entry has no seat any more behind it.
    if (player && player !== asked.player)
      this.complain('no action under two seats', `${id} of ${asked.player} is done in the seat of ${player}`);
    if (asked.verdict === 'refused') this.complain('exactly once', `${id} was refused (${asked.code}), and is done`);
    if (asked.how === 'deny' || asked.how === 'crash' || asked.how === 'odd')
      this.complain(asked.how === 'odd' ? 'values' : 'exactly once', `${id} (${asked.how}) is done`);
  }

  private firedNow({ id, due, at }: { id: string; due: number; at: number }): void {
    if (at <= due - 1) this.complain('timers', `${id} fired ${due - at} ms early`);
    // T2: what a room could not commit for, beyond 5 s, does not count; up to 4 s pass until nodes notice.
    const moved = this.ownedAtOutage
      ? this.world.outages
          .filter(
            o =>
              o.to - o.from > 9_000 &&
              due > o.from + 1_000 &&
              at > o.to &&
              this.armedAt.get(`~${id.slice(2)}`)! < o.from,
          )
          .reduce((sum, o) => sum + (o.to - o.from) - 9_000, 0)
      : 0;
    if (moved > 0 && at < due + moved)
      this.complain(
        'deadlines move with an outage',
        `${id} was due at ${due}, fired ${at - due} ms later; outages of ${moved} ms and more`,
      );
  }

  /** The match ended: by a rule, or because too few are in play. */
  private ended(): void {
    const { room, state } = this.doc;
    this.endedAt.set(room.match, this.world.now);
    if (state?.finished) return;
    const inPlay = room.seats.filter(s => s !== null && !s.out);
    const people = inPlay.filter(s => !isBot(s!.player));
    if (this.game.leftHook && people.length > 0 && inPlay.length >= this.game.def.seats.min)
      this.complain(
        'the left hook decides',
        `the match ended with ${inPlay.length} in play, of at least ${this.game.def.seats.min}`,
      );
  }
}

function counted(players: readonly (string | undefined)[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const player of players) if (player) times.set(player, (times.get(player) ?? 0) + 1);
  return times;
}

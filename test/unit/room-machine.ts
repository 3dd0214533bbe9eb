import type { AnyGame } from '../../shared/contract.ts';
import { apply, copy } from '../../shared/delta.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { parse } from '../../shared/parse.ts';
import { newDocument, type RoomDocument } from '../../server/rooms/core/document.ts';
import type { Command, Outcome } from '../../server/rooms/core/commands.ts';
import type { PendingEntry } from '../../server/rooms/core/entry.ts';
import { RoomMachine } from '../../server/rooms/core/machine.ts';

export interface RoomMachineFixture {
  room: RoomMachine;
  /** Every rule that failed so far: `where: message`. */
  failures: string[];
  /** The journal so far. */
  journal: PendingEntry[];
  /** What the journal makes of the document the room began with. */
  replayed(): RoomDocument;
  /** One input, and an entry of its own if it changed something. */
  step(input: Command): Outcome;
  /** Several inputs that go into one entry. */
  batch(...inputs: Command[]): Outcome[];
  join(player: string, session?: string): string;
  /** Acts for a seat, with its next number. @returns 'ok', or the code of the refusal */
  act(seat: number, name: string, data?: unknown): string;
  input(
    seat: number,
    name: string,
    data?: unknown,
    number?: { n: number; term: number } | null,
  ): Command & { kind: 'act' };
  /** Moves the clock, and fires what is due. */
  advance(ms: number): void;
  now(): number;
}

export const term = 1_000;
export const playerOf = (seat: number): string => `player-${seat}`;
export const sessionOf = (player: string): string => `session-of-${player}`;

/** What became of an input, in one word. */
export const outcomeCode = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case 'accepted':
    case 'seated':
    case 'done':
      return 'ok';
    case 'refused':
    case 'refusedAction':
      return outcome.refusal.code;
    case 'stale':
      return `stale, base ${outcome.base}`;
    case 'gap':
      return `gap, base ${outcome.base}`;
  }
};

/** A room with nobody in it, on a clock of its own. */
export function emptyRoom(
  game: AnyGame,
  how: { options?: JsonObject; doc?: RoomDocument; now?: number } = {},
): RoomMachineFixture {
  let now = how.now ?? 1_700_000_000_000;
  const failures: string[] = [];
  const journal: PendingEntry[] = [];
  const read = game.contract.def.options
    ? parse(game.contract.def.options as never, how.options ?? {})
    : { ok: true as const, value: {} };
  const doc =
    how.doc ??
    newDocument(game, {
      id: 'room',
      code: 'ABCDE',
      private: false,
      options: (read as { value: JsonObject }).value,
      seed: [1, 2, 3, 4],
      now,
    });
  const first = copy(doc);
  const room = new RoomMachine(game, doc, term, 0, (where, error) =>
    failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`),
  );
  const numbers = new Map<string, number>();
  const take = () => {
    const taken = room.takeEntry();
    if (taken) journal.push(JSON.parse(JSON.stringify(taken)) as PendingEntry);
  };
  const played: RoomMachineFixture = {
    room,
    failures,
    journal,
    replayed() {
      const made = copy(first);
      for (const entry of journal) apply(made as unknown as Json, entry.changes);
      return made;
    },
    batch(...inputs) {
      const outcomes = inputs.map(input => room.step(input, now));
      take();
      return outcomes;
    },
    step: input => played.batch(input)[0]!,
    join: (player, session = sessionOf(player)) =>
      outcomeCode(played.step({ kind: 'join', player, name: player, session })),
    input(seat, name, data = {}, number) {
      const player = room.doc.hidden.seats[seat]?.player ?? playerOf(seat);
      const session = room.doc.hidden.seats[seat]?.session ?? sessionOf(player);
      const n = (numbers.get(session) ?? 0) + 1;
      if (number === undefined) numbers.set(session, n);
      return {
        kind: 'act',
        player,
        session,
        name,
        data: data as Json,
        number: number === undefined ? { n, term } : number,
      };
    },
    act: (seat, name, data) => outcomeCode(played.step(played.input(seat, name, data))),
    advance(ms) {
      now += ms;
      played.step({ kind: 'timers' });
    },
    now: () => now,
  };
  return played;
}

/** A room in which so many have taken a seat. */
export function seatedRoom(game: AnyGame, seats: number, how: { options?: JsonObject } = {}): RoomMachineFixture {
  const played = emptyRoom(game, how);
  for (let i = 0; i < seats; i++) played.join(playerOf(i));
  return played;
}

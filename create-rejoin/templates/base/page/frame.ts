import { inWords } from 'rejoin/client';
import { gameContract } from '../game/contract.ts';
import type { Table } from './session.ts';
import { isActive, noteOf, statusOf } from './words.ts';

/** What a button at the table does. */
export type Step = 'ready' | 'bot' | 'again';
export const stepLabels: Readonly<Record<Step, string>> = {
  ready: 'I am ready',
  bot: 'Add a bot',
  again: 'Play again',
};

export interface SeatFrame {
  readonly name: string;
  /** Below the name: whether it is you, and the score or what the player does. */
  readonly note: string;
  readonly isActive: boolean;
  readonly isAway: boolean;
  readonly isWinner: boolean;
}

/** What the page shows around the board. Plain data, so that two frames can be compared as JSON. */
export interface Frame {
  readonly phase: Table['info']['phase'];
  readonly status: string;
  /** Whether something is wrong with the connection. */
  readonly isInterrupted: boolean;
  readonly secondsLeft: number | null;
  /** By seat; null: free. */
  readonly seats: readonly (SeatFrame | null)[];
  readonly steps: readonly Step[];
  readonly code: string;
  /** Whether others can be invited. */
  readonly isOpen: boolean;
  /** Whether the stay at the table is over. */
  readonly isOver: boolean;
}

export function frameOf(table: Table): Frame {
  const { info, seat } = table;
  const connection = inWords(table.status);
  const winners = info.phase === 'ended' ? (info.result?.ranking[0] ?? []) : [];
  const clock = info.phase === 'playing' ? table.clock(...turnClock) : null;
  return {
    phase: info.phase,
    status: connection || statusText(table),
    isInterrupted: connection !== '',
    secondsLeft: clock === null ? null : Math.ceil(clock / 1_000),
    seats: info.seats.map((s, i) =>
      s === null
        ? null
        : {
            name: s.name,
            note: (i === seat ? 'you · ' : '') + (s.out ? 'left' : s.here || s.bot ? seatNote(table, i) : 'away'),
            isActive: info.phase === 'playing' && isActive(table, i),
            isAway: s.out || !(s.here || s.bot),
            isWinner: winners.includes(i),
          },
    ),
    steps: stepsOf(table),
    code: table.code,
    isOpen: info.phase === 'waiting' && info.seats.some(s => s === null),
    isOver: table.ended !== null,
  };
}

export function take(table: Table, step: Step): void {
  if (step === 'ready') void table.ready();
  if (step === 'bot') void table.addBot();
  if (step === 'again') void table.rematch();
}

/** The timer whose deadline the page shows, if the contract lists one. */
const turnClock = ((gameContract.def as { clocks?: readonly string[] }).clocks?.slice(0, 1) ?? ['']) as [never];
const startsWhenReady = (gameContract.def as { start?: string }).start === 'ready';

function seatNote(table: Table, seat: number): string {
  const { phase, seats } = table.info;
  if (phase === 'playing') return noteOf(table, seat);
  if (phase === 'ended') return seats[seat]!.rematch ? 'plays again' : noteOf(table, seat);
  return startsWhenReady ? (seats[seat]!.ready ? 'ready' : 'not ready yet') : 'here';
}

function statusText(table: Table): string {
  const { info, seat } = table;
  if (info.phase === 'playing') return statusOf(table);
  if (info.phase === 'quarantined') return 'The rules have failed: this table is on hold';
  if (info.phase === 'waiting') {
    const seated = info.seats.filter(s => s !== null).length;
    if (seated < gameContract.def.seats.min) return 'Waiting for another player';
    return seat !== null && !info.seats[seat]?.ready && startsWhenReady
      ? 'Press when you are ready'
      : 'Waiting for the others';
  }
  const winners = info.result?.ranking[0] ?? [];
  const names = winners.map(i => info.seats[i]?.name ?? 'Nobody');
  if (winners.length === 0 || winners.length === info.seats.length) return 'A draw';
  if (winners.length > 1) return `${names.join(' and ')} share the win`;
  return winners[0] === seat ? 'You win!' : `${names[0]} wins`;
}

function stepsOf(table: Table): Step[] {
  const { info, seat } = table;
  const me = seat === null ? null : info.seats[seat];
  if (!me || table.ended) return [];
  if (info.phase === 'ended') return me.rematch ? [] : ['again'];
  if (info.phase !== 'waiting') return [];
  return [
    ...(startsWhenReady && !me.ready ? (['ready'] as const) : []),
    ...(info.host === seat && info.seats.some(s => s === null) ? (['bot'] as const) : []),
  ];
}

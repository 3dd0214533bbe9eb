import type { Random } from '../../../../shared/random.ts';
import type { Records } from '../records.ts';
import type { PlayMeter, PlayStats } from './play-meter.ts';
import { randomOf } from './move-strategies.ts';
import { retryUntil, Player, type PlayerParts } from './player.ts';
import { playStyles, Table } from './tables.ts';

/** How many tables of each game there are, and how fast play is at those of the ledger. */
export interface PlayWorkloadSize {
  ledger: number;
  'four-in-a-row': number;
  'liars-dice': number;
  arena: number;
  watchers: number;
  every: number;
}

/**
 * The crowd for so many actions a second. The ledger does most of it; the three games are played at the pace of quick
 * people, at as many tables as keep a small machine fluid.
 */
export function playWorkloadFor(actionsPerSecond: number): PlayWorkloadSize {
  const four = Math.max(2, Math.round(actionsPerSecond / 25));
  const ledger = Math.max(3, Math.round(actionsPerSecond / 14));
  const rest = Math.max(1, actionsPerSecond - four * 5);
  return {
    ledger,
    'four-in-a-row': four,
    'liars-dice': Math.max(2, Math.round(actionsPerSecond / 100)),
    arena: Math.max(1, Math.round(actionsPerSecond / 200)),
    watchers: Math.max(2, Math.round(actionsPerSecond / 50)),
    every: (ledger * 2 * 1000) / rest,
  };
}

/** An action that hangs its node, and what its player was told; `room` is empty where none was in play. */
export interface HangResult {
  room: string;
  code: string;
}

/** Everybody who plays, watches, comes and goes, in one process. */
export class PlayWorkload {
  private readonly tables: Table[] = [];
  private readonly running: Promise<void>[] = [];
  private readonly watchers = new Map<number, Player>();
  private readonly random: Random;
  private readonly parts: PlayerParts;
  private network = 0;
  private isOver = false;

  constructor(
    url: string,
    records: Records,
    private readonly meter: PlayMeter,
    private readonly size: PlayWorkloadSize,
    seed: number,
  ) {
    this.random = randomOf(seed);
    this.parts = { url, records, meter, random: () => this.random.next() };
    for (const [game, style] of Object.entries(playStyles(size.every))) {
      for (let i = 0; i < size[game as 'arena']; i++)
        this.tables.push(
          new Table(
            `${game.slice(0, 1)}${i}`,
            style,
            this.parts,
            Array.from({ length: style.seats }, () => this.address()),
            randomOf(seed * 1000 + this.tables.length),
          ),
        );
    }
  }

  start(): void {
    for (const table of this.tables) this.running.push(table.run());
    for (let i = 0; i < this.size.watchers; i++) this.running.push(this.runSpectator(i));
    this.running.push(this.runRestarts());
  }

  get play(): PlayStats {
    return this.meter.play;
  }
  get waiting(): number {
    return this.tables.reduce((n, t) => n + t.waiting, 0);
  }

  /** Some of those who play or watch read nothing for so long. */
  stopReading(count: number, ms: number): void {
    const all = [...this.tables.flatMap(t => t.players), ...this.watchers.values()];
    for (const player of this.random.shuffle(all).slice(0, count)) {
      player.ears.paused = true;
      setTimeout(() => {
        player.ears.paused = false;
      }, ms);
    }
  }

  /** Somebody at a ledger asks for what never ends. Settles when the player has been told what became of it. */
  async hang(): Promise<HangResult> {
    const tables = this.tables.filter(t => t.style.game.name === 'ledger');
    const fewest = Math.min(...tables.map(t => t.hangs));
    return this.random.pick(tables.filter(t => t.hangs === fewest)).hang();
  }

  /** Ends play. What is under way is waited for, up to `within` ms. @returns how many actions have no answer */
  async stop(within: number): Promise<number> {
    this.isOver = true;
    for (const table of this.tables) table.stop();
    await Promise.race([Promise.all(this.running), new Promise(done => setTimeout(done, within))]);
    for (const end = performance.now() + within; this.waiting > 0 && performance.now() < end;)
      await new Promise(done => setTimeout(done, 50));
    // What is committed last is heard at the latest by the keep-alive.
    await new Promise(done => setTimeout(done, 3_500));
    const left = this.waiting;
    for (const player of [...this.tables.flatMap(t => t.players), ...this.watchers.values()]) {
      player.rest();
      player.close();
    }
    return left;
  }

  /** Each from a /24 of its own, as nginx sees them. */
  private address(): string {
    const n = this.network++;
    return `127.${1 + Math.floor(n / 250)}.${n % 250}.${1 + (n % 200)}`;
  }

  /** Looks on at one table after the other. */
  private async runSpectator(i: number): Promise<void> {
    const address = this.address();
    for (let n = 0; !this.isOver; n++) {
      const table = this.random.pick(this.tables);
      const id = table.room;
      if (id !== null) {
        const watcher = new Player(`w${i}_${n}`, this.parts, address);
        this.watchers.set(i, watcher);
        const until = performance.now() + this.random.int(3_000, 8_000);
        await retryUntil(
          () => watcher.watch(table.style.game, id),
          () => this.isOver || performance.now() > until,
        );
        while (!this.isOver && performance.now() < until) await new Promise(done => setTimeout(done, 200));
        if (!this.isOver) watcher.close();
      } else await new Promise(done => setTimeout(done, 500));
    }
  }

  /** Every two seconds somebody's process ends and is started again. */
  private async runRestarts(): Promise<void> {
    while (!this.isOver) {
      await new Promise(done => setTimeout(done, 2_000));
      await this.random.pick(this.tables.filter(t => t.style.game.name === 'ledger')).restartOne();
    }
  }
}

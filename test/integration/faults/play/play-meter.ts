import { clock } from '../records.ts';

/** A room as the lab watches it go on. */
interface Going {
  game: string;
  count: number;
  at: number;
  longest: number;
}
/** What the lab hears of play, several times a second. */
export interface PlayStats {
  asked: number;
  accepted: number;
  refused: Record<string, number>;
  lost: number;
  pending: number;
  rooms: Record<string, { game: string; count: number; idle: number }>;
}

/**
 * Counts play as it goes on, for the lab to see whether it does. What is proved is proved from the records, not from
 * this.
 */
export class PlayMeter {
  private readonly rooms = new Map<string, Going>();
  private askedCount = 0;
  private acceptedCount = 0;
  private answered = 0;
  private lostCount = 0;
  private readonly refused: Record<string, number> = {};

  begin(room: string, game: string): void {
    this.rooms.set(room, { game, count: 0, at: clock(), longest: 0 });
  }
  end(room: string): void {
    this.rooms.delete(room);
  }
  recordRequest(): void {
    this.askedCount += 1;
  }
  recordAnswer(room: string, ok: boolean, code: string): void {
    this.answered += 1;
    if (ok) this.acceptedCount += 1;
    else this.refused[code] = (this.refused[code] ?? 0) + 1;
    if (code !== 'left') this.sign(room);
  }
  recordProgress(room: string): void {
    this.sign(room);
  }
  resumed(lost: boolean): void {
    if (lost) this.lostCount += 1;
  }

  get play(): PlayStats {
    const now = clock();
    return {
      asked: this.askedCount,
      accepted: this.acceptedCount,
      refused: { ...this.refused },
      lost: this.lostCount,
      pending: this.askedCount - this.answered,
      rooms: Object.fromEntries(
        [...this.rooms].map(([id, { game, count, at }]) => [id, { game, count, idle: Math.round(now - at) }]),
      ),
    };
  }

  private sign(room: string): void {
    const going = this.rooms.get(room);
    if (!going) return;
    going.count += 1;
    going.at = clock();
  }
}

import { second, type PageStorage } from '../common/storage.ts';

/** A seat that is kept for this player at a table they have turned away from. `until`: this machine's clock. */
export interface KeptSeat {
  id: string;
  code: string;
  until: number;
}

const keptKey = 'rejoin.kept';
const bothKey = 'rejoin.both';

/** Remembers, over reloads, where this player sits. */
export class SeatMemory {
  constructor(private readonly storage: PageStorage) {}

  keep(seat: KeptSeat): void {
    this.storage.setItem(keptKey, JSON.stringify(seat));
  }
  forget(): void {
    this.storage.removeItem(keptKey);
  }

  get kept(): KeptSeat | null {
    try {
      const seat = JSON.parse(this.storage.getItem(keptKey) ?? 'null') as KeptSeat | null;
      return seat !== null && seat.until > Date.now() ? seat : null;
    } catch {
      return null; // written by another version of the page
    }
  }

  /** The room in which this window has both seats. */
  get both(): string | null {
    return second.getItem(bothKey);
  }
  set both(room: string | null) {
    if (room === null) second.removeItem(bothKey);
    else second.setItem(bothKey, room);
  }
}

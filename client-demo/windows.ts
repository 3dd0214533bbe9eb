import { Cell } from './cell.ts';
import { shared } from './storage.ts';

/** What a window tells the others of this page in the same browser. */
export interface WindowNews {
  /** Whether it plays as the browser's one player, or as one of its own. */
  player: 'shared' | 'own' | 'undecided';
  node: string | null;
  room: { id: string; code: string; /** a seat is free */ open: boolean } | null;
}
type Said = { k: 'who'; id: string } | { k: 'bye'; id: string } | ({ k: 'here'; id: string; since: number } & WindowNews);
export type OtherWindow = WindowNews & { id: string; since: number };

const patience = 120;
/** Where a window has left word that it is open, its answer is worth waiting for: it may be busy, or the machine. */
const patienceWithOthers = 1_000;
const markKey = 'rejoin.window-open';
/** How often word is left, and how old it may be: browsers wake sleeping windows once a minute. */
const mark = { every: 20_000, fresh: 90_000 };

/** Which other windows of this page are open in this browser. Windows that sleep do not answer, and do not count. */
export class Windows {
  readonly others = new Cell<readonly OtherWindow[]>([]);
  readonly since = Date.now();
  private readonly id = Math.random().toString(36).slice(2);
  private readonly channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('rejoin.windows');
  private news: WindowNews = { player: 'undecided', node: null, room: null };

  constructor() {
    this.channel?.addEventListener('message', event => this.hear(event.data as Said));
    addEventListener('pagehide', () => {
      shared.removeItem(markKey);
      this.say({ k: 'bye', id: this.id });
    });
    setInterval(() => shared.setItem(markKey, String(Date.now())), mark.every);
    addEventListener('pageshow', event => { if (event.persisted) this.tell({}); });
  }

  /** Asks who is there, and waits a moment for answers. */
  async ask(): Promise<readonly OtherWindow[]> {
    if (!this.channel) return [];
    const isOpen = Date.now() - Number(shared.getItem(markKey) ?? 0) < mark.fresh;
    this.say({ k: 'who', id: this.id });
    await pause(patience);
    for (let waited = patience; isOpen && this.others.value.length === 0 && waited < patienceWithOthers; waited += patience) await pause(patience);
    return this.others.value;
  }

  tell(news: Partial<WindowNews>): void {
    shared.setItem(markKey, String(Date.now()));
    this.news = { ...this.news, ...news };
    this.say({ k: 'here', id: this.id, since: this.since, ...this.news });
  }

  private say(said: Said): void { this.channel?.postMessage(said); }

  private hear(said: Said): void {
    const rest = this.others.value.filter(other => other.id !== said.id);
    switch (said.k) {
      case 'who': return this.tell({});
      case 'bye': return this.others.set(rest);
      case 'here': {
        const { k: _, ...other } = said;
        return this.others.set([...rest, other]);
      }
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

import { Cell } from '../common/cell.ts';
import { shared } from '../common/storage.ts';

/** What a window sends to other windows of this page in the same browser. */
export interface WindowState {
  /** Whether it plays as the browser's one player, or as one of its own. */
  player: 'shared' | 'own' | 'undecided';
  node: string | null;
  room: { id: string; code: string; /** a seat is free */ open: boolean } | null;
}
type WindowMessage =
  | { k: 'who'; id: string }
  | { k: 'bye'; id: string }
  | ({ k: 'here'; id: string; since: number } & WindowState);
export type OtherWindow = WindowState & { id: string; since: number };

const replyTimeoutMs = 120;
/** How long (ms) to wait for the answer of a window that left a presence mark: it may be busy. */
const maxReplyTimeoutMs = 1_000;
const markKey = 'rejoin.window-open';
/** Interval of presence marks, and their maximum age: browsers run timers of background windows once a minute. */
const presenceMark = { every: 20_000, fresh: 90_000 };

/** Other open windows of this page in this browser. Suspended windows do not answer and do not count. */
export class Windows {
  readonly others = new Cell<readonly OtherWindow[]>([]);
  readonly since = Date.now();
  private readonly id = Math.random().toString(36).slice(2);
  private readonly channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('rejoin.windows');
  private state: WindowState = { player: 'undecided', node: null, room: null };

  constructor() {
    this.channel?.addEventListener('message', event => this.receive(event.data as WindowMessage));
    addEventListener('pagehide', () => {
      shared.removeItem(markKey);
      this.post({ k: 'bye', id: this.id });
    });
    setInterval(() => shared.setItem(markKey, String(Date.now())), presenceMark.every);
    addEventListener('pageshow', event => {
      if (event.persisted) this.announce({});
    });
  }

  /** Asks for other windows and waits briefly for answers. */
  async findOthers(): Promise<readonly OtherWindow[]> {
    if (!this.channel) return [];
    const isOpen = Date.now() - Number(shared.getItem(markKey) ?? 0) < presenceMark.fresh;
    this.post({ k: 'who', id: this.id });
    await pause(replyTimeoutMs);
    for (
      let waited = replyTimeoutMs;
      isOpen && this.others.value.length === 0 && waited < maxReplyTimeoutMs;
      waited += replyTimeoutMs
    )
      await pause(replyTimeoutMs);
    return this.others.value;
  }

  announce(news: Partial<WindowState>): void {
    shared.setItem(markKey, String(Date.now()));
    this.state = { ...this.state, ...news };
    this.post({ k: 'here', id: this.id, since: this.since, ...this.state });
  }

  private post(said: WindowMessage): void {
    this.channel?.postMessage(said);
  }

  private receive(said: WindowMessage): void {
    const rest = this.others.value.filter(other => other.id !== said.id);
    switch (said.k) {
      case 'who':
        return this.announce({});
      case 'bye':
        return this.others.set(rest);
      case 'here': {
        const { k: _, ...other } = said;
        return this.others.set([...rest, other]);
      }
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

import {
  connect,
  RoomError,
  type Client,
  type Room,
  type ActionResult,
  type TokenStorage,
} from '../../client/index.ts';
import { socketTransport } from '../../client/socket-transport.ts';
import type { Contract } from '../../shared/contract.ts';
import type { GameDescription, GamesReply } from '../../shared/dev-protocol.ts';
import type { Json, JsonObject } from '../../shared/json.ts';
import { Cell } from '../common/cell.ts';
import { withLag, Lag } from './lag.ts';

/** A message that a client received or sent. */
export interface PaneLogEntry {
  key: number;
  at: number;
  kind: 'event' | 'signal' | 'said' | 'line';
  name: string;
  data?: Json | undefined;
  note: string;
  bad?: boolean;
}
/** Result of a request, and how long (ms) it took. */
export interface Answer {
  result: ActionResult;
  ms: number;
}

const maxLogEntries = 80;

/** A separate storage per client, so that the clients of one page are different guests. It is lost with the page. */
export function ownStorage(): TokenStorage {
  const kept = new Map<string, string>();
  return {
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: key => void kept.delete(key),
  };
}

export interface PaneParts {
  index: number;
  name: string;
  watch: boolean;
  game: GameDescription;
  contract: Contract;
  sockets: GamesReply['sockets'];
  token: string | undefined;
  /** Holds the guest's token: a pane with the storage of an earlier one is the same player. */
  storage: TokenStorage;
}

/** One client of the dev page: a separate guest with a separate network. */
export class Pane {
  readonly lag = new Lag();
  readonly client: Client;
  readonly room = new Cell<Room | null>(null);
  /** Newest first. */
  readonly log = new Cell<readonly PaneLogEntry[]>([]);
  /** Why there is no room. */
  readonly problem = new Cell<string | null>(null);
  private lastKey = 0;

  constructor(readonly parts: PaneParts) {
    const url = new URL(parts.sockets.namespace, location.origin).href.replace(/\/$/, '');
    this.client = connect(url, {
      name: parts.name,
      storage: parts.storage,
      ...(parts.token ? { token: parts.token } : {}),
      transport: withLag(socketTransport(url, { socket: { path: parts.sockets.path } }), this.lag),
    });
    this.client.onStatus(status => {
      if (status.state === 'live') this.addLogEntry({ kind: 'line', name: 'connected', note: `to ${status.node}` });
      else if (status.state === 'reconnecting' && status.attempt === 1)
        this.addLogEntry({ kind: 'line', name: 'connection lost', note: '', bad: true });
      else if (status.state === 'refused') this.problem.set(status.refusal.code);
    });
  }

  create(how: { options: JsonObject; bots: number }): Promise<void> {
    return this.enter(() =>
      this.client.create(this.parts.contract, { options: how.options as never, bots: how.bots, private: true }),
    );
  }
  join(id: string): Promise<void> {
    return this.enter(() =>
      this.parts.watch ? this.client.watch(this.parts.contract, { id }) : this.client.join(this.parts.contract, { id }),
    );
  }

  private async enter(ask: () => Promise<Room>): Promise<void> {
    try {
      const room = await ask();
      this.listen(room);
      this.problem.set(null);
      this.room.set(room);
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      this.problem.set(error.message);
      this.addLogEntry({ kind: 'said', name: 'join', note: error.message, bad: true });
    }
  }

  private listen(room: Room): void {
    const { game } = this.parts;
    for (const name of Object.keys(game.events))
      room.on(name as never, (data: Json, { replayed, place }: { replayed: boolean; place: readonly number[] }) =>
        this.addLogEntry({ kind: 'event', name, data, note: `#${place[1]}${replayed ? ' replayed' : ''}` }),
      );
    for (const name of Object.keys(game.signals))
      room.onSignal(name as never, (data: Json, from: number | null) =>
        this.addLogEntry({ kind: 'signal', name, data, note: from === null ? '' : `from seat ${from}` }),
      );
    room.onResume(resumed =>
      this.addLogEntry({
        kind: 'line',
        name: 'resumed',
        note: `by ${resumed.with}${resumed.with === 'changes' ? `, missed ${resumed.missed}` : ''}${resumed.lost ? ', something was lost' : ''}`,
        bad: resumed.lost,
      }),
    );
    room.onEnd(refusal => this.problem.set(refusal.code));
  }

  /** Sends a request and measures the time to its answer. */
  async ask(
    name: string,
    data: Json | undefined,
    doing: (room: Room) => Promise<ActionResult>,
  ): Promise<Answer | null> {
    const room = this.room.value;
    if (!room) return null;
    const began = performance.now();
    const result = await doing(room);
    const answer = { result, ms: Math.round(performance.now() - began) };
    this.addLogEntry({ kind: 'said', name, data, note: describeAnswer(answer), bad: !result.ok });
    return answer;
  }

  act(name: string, data: Json): Promise<Answer | null> {
    return this.ask(name, data, room =>
      (room.act as Record<string, (data: Json) => Promise<ActionResult>>)[name]!(data),
    );
  }
  signal(name: string, data: Json): void {
    (this.room.value?.signal as Record<string, (data: Json) => void> | undefined)?.[name]?.(data);
  }
  input(name: string, data?: Json): void {
    (this.room.value?.input as Record<string, (data?: Json) => void> | undefined)?.[name]?.(data);
  }

  /** Disconnects or reconnects the client. */
  setOffline(offline: boolean): void {
    this.lag.offline.set(offline);
    if (!offline) this.client.move(); // at once, without waiting for the next attempt
  }

  close(): void {
    this.client.close();
  }

  private addLogEntry(heard: Omit<PaneLogEntry, 'key' | 'at'>): void {
    this.log.set([{ ...heard, key: this.lastKey++, at: Date.now() }, ...this.log.value].slice(0, maxLogEntries));
  }
}

export const describeAnswer = ({ result, ms }: Answer): string =>
  `${result.ok ? `ok #${result.position[1]}` : describeRefusal(result)} · ${ms} ms`;

/** Players are not shown why a rule threw; the author finds it in the server's log. */
const describeRefusal = ({
  code,
  detail = code === 'rule-failed' ? "the server's log says why" : '',
}: {
  code: string;
  detail?: string;
}): string => `${code}${detail ? `: ${detail}` : ''}`;

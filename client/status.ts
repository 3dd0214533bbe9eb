import { dutyOf, refusals, type RefusalCode, type Refused } from '../shared/refusals.ts';
import { problemInWords, type ConnectProblem } from './connect-problem.ts';
import { Listeners } from './listeners.ts';

/**
 * What a person can do about a refusal: `again` later · `reload` the page, which is too old · `here`: take the seat
 * back from the other window · `watch` instead · `elsewhere`: another room · `anew`: as another guest, or with another
 * token · `sign-in`: to the app.
 */
export type Remedy = 'again' | 'reload' | 'here' | 'watch' | 'elsewhere' | 'anew' | 'sign-in';

/** `problem`: why the last try failed, for code; `why`: the same in English. Both are left out if nothing is known. */
export interface Trying {
  attempt: number;
  since: number;
  problem?: ConnectProblem;
  why?: string;
}

/**
 * How the connection is, told so that a page can be honest with few lines. Times are of the client's own clock, ms
 * since 1970.
 */
export type Status =
  /** Not once connected yet: the so-manieth try, since then. */
  | ({ state: 'connecting' } & Trying)
  | { state: 'live'; node: string }
  /** The line is gone, or silent. */
  | ({ state: 'reconnecting' } & Trying)
  /** The server does not want this client as it is; nothing is tried any more. `why` in English; `now`: what helps. */
  | { state: 'refused'; refusal: Refused; why: string; now: Remedy }
  | { state: 'closed' };
/** How it is at one table: as the connection, and what is the room's own. */
export type RoomStatus =
  | Status
  | { state: 'catching-up'; since: number }
  /**
   * The connection is open, and an action of this client has no verdict: it was given at `since`, more than a second
   * ago.
   */
  | { state: 'waiting'; since: number };

const remedies: Partial<Record<RefusalCode, Remedy>> = {
  'bad-token': 'anew',
  'too-large': 'anew',
  'not-signed-in': 'sign-in',
  'client-outdated': 'reload',
  'bad-request': 'reload',
  'session-replaced': 'here',
  'room-full': 'watch',
  'seat-lost': 'watch',
  'room-started': 'watch',
  'room-ended': 'watch',
  reserved: 'watch',
};
/**
 * What a person can do about a refusal.
 * @example
 * ```ts
 * room.onEnd(({ code }) => {
 *   if (remedyOf(code) === 'reload') location.reload()
 * })
 * ```
 */
export const remedyOf = (code: string): Remedy =>
  Object.hasOwn(remedies, code) ? remedies[code as RefusalCode]! : dutyOf(code) === 'retry' ? 'again' : 'elsewhere';
/** What the detail of `seat-lost` says, as a sentence. */
const seatLostMessages: Readonly<Record<string, string>> = {
  left: 'You have left this room in another window.',
  expired: 'You were away for longer than your seat was held.',
  forfeited: 'You were away for longer than your seat was held, and the next match began without you.',
  identity: "You are signed in as another player now, and the seat was the other one's.",
};
/** What a refusal means, in English. */
export const explainRefusal = ({ code, detail }: Refused): string =>
  (code === 'seat-lost' ? seatLostMessages[detail ?? ''] : detail) ??
  (Object.hasOwn(refusals, code) ? refusals[code as RefusalCode].message : code);

/** What `connecting` and `reconnecting` say of a problem. */
export const problemFields = (problem: ConnectProblem | null): Pick<Trying, 'problem' | 'why'> =>
  problem === null ? {} : { problem, why: problemInWords(problem) };

export const makeRefusedStatus = (refusal: Refused): Status & { state: 'refused' } => ({
  state: 'refused',
  refusal,
  why: explainRefusal(refusal),
  now: remedyOf(refusal.code),
});

/**
 * A status in one short English sentence; empty where all is well.
 * @param now the client's own clock
 * @example
 * ```ts
 * room.onStatus(status => { banner.textContent = inWords(status) })
 * ```
 */
export function inWords(status: RoomStatus, now = Date.now()): string {
  const tries = (what: string, { attempt, since, why }: Trying) =>
    `${what}…${attempt > 1 ? ` Try ${attempt}, for ${Math.max(0, Math.round((now - since) / 1_000))} s.` : ''}${why === undefined ? '' : ` ${why}`}`;
  switch (status.state) {
    case 'connecting':
      return tries('Connecting', status);
    case 'live':
      return '';
    case 'reconnecting':
      return tries('Reconnecting', status);
    case 'catching-up':
      return 'Catching up…';
    case 'waiting':
      return `Waiting for the room to answer, for ${Math.max(1, Math.round((now - status.since) / 1_000))} s.`;
    case 'refused':
      return status.why;
    case 'closed':
      return 'Disconnected.';
  }
}

/** A status that is read off other things: tells when it has become another. */
export class StatusNotifier<S extends Status | RoomStatus> {
  readonly listeners = new Listeners<[S]>();
  private lastRead: S | null = null;
  /**
   * The last status that listeners received. Not `last`: code that reads the status first must not keep it from them.
   */
  private lastNotified: S | null = null;

  constructor(private readonly read: () => S) {}

  /** The same object as long as it says the same. */
  get current(): S {
    const now = this.read();
    if (!this.lastRead || JSON.stringify(this.lastRead) !== JSON.stringify(now)) this.lastRead = now;
    this.lastNotified ??= this.lastRead;
    return this.lastRead;
  }

  /** Something may have changed. */
  check(): void {
    const { current } = this;
    if (current === this.lastNotified) return;
    this.lastNotified = current;
    this.listeners.notify(current);
  }
}

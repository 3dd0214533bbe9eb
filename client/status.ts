import { dutyOf, refusals, type RefusalCode, type Refused } from '../shared/refusals.ts';
import { problemInWords, type ConnectProblem } from './connect-problem.ts';
import { Listeners } from './listeners.ts';

/**
 * What the user can do about a refusal.
 * - `again`: try again later.
 * - `reload`: reload the page, which is out of date.
 * - `here`: take the seat back from the other window.
 * - `watch`: watch the room instead.
 * - `elsewhere`: choose another room.
 * - `new-identity`: continue as another guest, or with another token.
 * - `sign-in`: sign in to the app.
 */
export type Remedy = 'again' | 'reload' | 'here' | 'watch' | 'elsewhere' | 'new-identity' | 'sign-in';

/**
 * A connection attempt. `problem`: why the last attempt failed; `why`: the same in English. Both are missing if
 * unknown.
 */
export interface Trying {
  attempt: number;
  since: number;
  problem?: ConnectProblem;
  why?: string;
}

/** Status of the connection. Times are on the device's clock, ms since 1970. */
export type Status =
  /** Not connected yet: attempt number `attempt`, since `since`. */
  | ({ state: 'connecting' } & Trying)
  | { state: 'live'; node: string }
  /** The connection was lost, or is silent. */
  | ({ state: 'reconnecting' } & Trying)
  /**
   * The server refuses this client for good; no more attempts. `why`: the reason in English; `now`: what the user can
   * do.
   */
  | { state: 'refused'; refusal: Refused; why: string; now: Remedy }
  | { state: 'closed' };
/** Status of a room: that of the connection, or the room's own. */
export type RoomStatus =
  | Status
  | { state: 'catching-up'; since: number }
  /**
   * The connection is open, but an action of this client has had no verdict for more than a second. It was given at
   * `since`.
   */
  | { state: 'waiting'; since: number };

const remedies: Partial<Record<RefusalCode, Remedy>> = {
  'bad-token': 'new-identity',
  'too-large': 'new-identity',
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
 * What the user can do about a refusal.
 * @example
 * ```ts
 * room.onEnd(({ code, detail }) => {
 *   if (remedyOf(code, detail) === 'reload') location.reload()
 * })
 * ```
 */
export const remedyOf = (code: string, detail?: string): Remedy =>
  // `reserved` with a detail: the room is not open to spectators either.
  Object.hasOwn(remedies, code) && !(code === 'reserved' && detail !== undefined)
    ? remedies[code as RefusalCode]!
    : dutyOf(code) === 'retry'
      ? 'again'
      : 'elsewhere';
/** Messages for the details of `seat-lost`. */
const seatLostMessages: Readonly<Record<string, string>> = {
  left: 'You have left this room in another window.',
  expired: 'You were away for longer than your seat was held.',
  forfeited: 'You were away, and the next match began without you.',
  identity: "You are signed in as another player now, and the seat was the other one's.",
};
/** Explains a refusal in English. */
export const explainRefusal = ({ code, detail }: Refused): string =>
  (code === 'seat-lost' ? seatLostMessages[detail ?? ''] : detail) ??
  (Object.hasOwn(refusals, code) ? refusals[code as RefusalCode].message : code);

/** The fields of `connecting` and `reconnecting` for a problem. */
export const problemFields = (problem: ConnectProblem | null): Pick<Trying, 'problem' | 'why'> =>
  problem === null ? {} : { problem, why: problemInWords(problem) };

export const makeRefusedStatus = (refusal: Refused): Status & { state: 'refused' } => ({
  state: 'refused',
  refusal,
  why: explainRefusal(refusal),
  now: remedyOf(refusal.code, refusal.detail),
});

/**
 * Describes a status in one short English sentence; empty if all is well.
 * @param now the device's clock
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

/** Notifies listeners when a derived status changes. */
export class StatusNotifier<S extends Status | RoomStatus> {
  readonly listeners = new Listeners<[S]>();
  private lastRead: S | null = null;
  /**
   * The last status sent to listeners. Separate from `lastRead`: reading the status must not suppress the notification.
   */
  private lastNotified: S | null = null;

  constructor(private readonly read: () => S) {}

  /** The same object while its content is the same. */
  get current(): S {
    const now = this.read();
    if (!this.lastRead || JSON.stringify(this.lastRead) !== JSON.stringify(now)) this.lastRead = now;
    this.lastNotified ??= this.lastRead;
    return this.lastRead;
  }

  /** Call when the status may have changed. */
  check(): void {
    const { current } = this;
    if (current === this.lastNotified) return;
    this.lastNotified = current;
    this.listeners.notify(current);
  }
}

import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import type { Clock, Log, Meter, Timer } from '../../runtime/ports.ts';
import { rosterOf, type RequestedEffect, type RoomDocument } from '../core/document.ts';
import type { RuleTracker } from '../core/rule-tracker.ts';

/**
 * Describes an effect besides its data. The same `key` is delivered again if it is unknown whether the effect was
 * completed.
 */
export interface EffectAbout {
  readonly key: string;
  readonly game: string;
  readonly room: string;
  /** The match in which the effect was requested. */
  readonly match: number;
  /** Player ids by seat when the effect was requested; null: the seat was free. Ids that begin with `$` are bots. */
  readonly players: readonly (string | null)[];
}
/** The host's code for an effect. If it throws or times out, it is called again later. */
export type EffectHandler = (data: Json, about: EffectAbout) => Promise<void> | void;
/** Looks up the handler of an effect; null if there is none. */
export type EffectHandlerLookup = (game: string, name: string) => EffectHandler | null;

/** An effect that is in progress, or waits for a retry. */
interface EffectAttempts {
  failures: number;
  timer: Timer | null;
}

/**
 * Runs the effects that rules have requested. A request is part of the journal, and another entry removes it once the
 * effect is complete. So every effect is run at least once, whichever node dies in between.
 */
export class EffectRunner {
  private readonly running = new Map<string, EffectAttempts>();
  private stopped = false;

  constructor(
    private readonly parts: { clock: Clock; log: Log; meter: Meter; effects: EffectHandlerLookup },
    private readonly doc: () => RoomDocument,
    private readonly ruleTracker: RuleTracker,
    private readonly isBlocked: (name: string) => boolean,
    private readonly onDone: (key: string) => void,
  ) {}

  /** Starts new effects and forgets removed ones. Call it after a commit: only durable requests may be run. */
  reconcile(): void {
    const { effects } = this.doc().hidden;
    for (const key of this.running.keys()) if (!Object.hasOwn(effects, key)) this.running.delete(key);
    for (const [key, { name }] of Object.entries(effects))
      if (!this.running.has(key) && !this.isBlocked(name)) this.begin(key, { failures: 0, timer: null });
  }

  /** Starts no more effects and does not wait for those in progress; the next owner runs or repeats them. */
  stop(): void {
    this.stopped = true;
    for (const attempts of this.running.values()) attempts.timer?.cancel();
    this.running.clear();
  }

  private begin(key: string, attempts: EffectAttempts): void {
    this.running.set(key, attempts);
    const request = this.doc().hidden.effects[key]!;
    // The timeout counts as a failure; a later result of the handler is ignored.
    let isSettled = false;
    const once = (fn: () => void) => {
      if (isSettled || this.stopped) return;
      isSettled = true;
      attempts.timer?.cancel();
      fn();
    };
    attempts.timer = this.parts.clock.after(limits.effectTimeout, () =>
      once(() => this.retryLater(key, attempts, new Error(`not finished within ${limits.effectTimeout} ms`))),
    );
    this.callHandler(key, request).then(
      () => once(() => this.onDone(key)),
      (error: unknown) => once(() => this.retryLater(key, attempts, error)),
    );
  }

  private async callHandler(key: string, { name, data, match, roster }: RequestedEffect): Promise<void> {
    const { room, hidden } = this.doc();
    // Older builds keep no list.
    const players = [...(hidden.rosters?.[roster ?? ''] ?? rosterOf(this.doc()))];
    const handler = this.parts.effects(room.game, name);
    if (!handler) throw new Error(`this node has no handler for effect '${name}' of game '${room.game}'`);
    this.ruleTracker.beginStep('effect', `effects.${name}`);
    let result: Promise<void> | void;
    try {
      result = handler(JSON.parse(JSON.stringify(data)) as Json, {
        key,
        game: room.game,
        room: room.id,
        match,
        players,
      });
    } finally {
      this.ruleTracker.endStep(); // only its synchronous part can block the event loop
    }
    await result;
  }

  private retryLater(key: string, attempts: EffectAttempts, error: unknown): void {
    attempts.failures += 1;
    this.parts.meter.count('failedEffects');
    const { room, hidden } = this.doc();
    this.parts.log.error(
      { room: room.id, effect: hidden.effects[key]?.name, key, failures: attempts.failures, error },
      'effect failed; retry scheduled',
    );
    attempts.timer = this.parts.clock.after(
      Math.min(limits.effectRetry * 2 ** (attempts.failures - 1), limits.effectRetryMax),
      () => {
        if (!this.stopped && this.doc().hidden.effects[key]) this.begin(key, attempts);
      },
    );
  }
}

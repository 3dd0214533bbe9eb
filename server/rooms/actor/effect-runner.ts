import type { Json } from '../../../shared/json.ts';
import { limits } from '../../../shared/limits.ts';
import type { Clock, Log, Meter, Timer } from '../../runtime/ports.ts';
import type { RoomDocument } from '../core/document.ts';
import type { RuleTracker } from '../core/rule-tracker.ts';

/**
 * What is known of an effect besides its data. The same `key` may come again: then it was not known whether it was
 * done.
 */
export interface EffectAbout {
  readonly key: string;
  readonly game: string;
  readonly room: string;
  /** The match in which it was asked for. */
  readonly match: number;
}
/** The host's code for one effect of one game. Throwing, or taking too long, has it called again later. */
export type EffectHandler = (data: Json, about: EffectAbout) => Promise<void> | void;
/** Who does the effects of a game; null where nobody does. */
export type EffectHandlerLookup = (game: string, name: string) => EffectHandler | null;

/** One effect that is under way, or waits to be tried again. */
interface EffectAttempts {
  failures: number;
  timer: Timer | null;
}

/**
 * Has the host's code do what rules have asked for. The asking is part of the journal and is struck out, by another
 * entry, when it was done: so it is done at least once, whichever node dies in between.
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

  /** Begins what is new, and forgets what is struck out. Call it after a commit: only what is durable may be done. */
  reconcile(): void {
    const { effects } = this.doc().hidden;
    for (const key of this.running.keys()) if (!Object.hasOwn(effects, key)) this.running.delete(key);
    for (const [key, { name }] of Object.entries(effects))
      if (!this.running.has(key) && !this.isBlocked(name)) this.begin(key, { failures: 0, timer: null });
  }

  /**
   * Nothing is begun any more, and what is under way is not waited for: it is the next owner's to do, or to do again.
   */
  stop(): void {
    this.stopped = true;
    for (const attempts of this.running.values()) attempts.timer?.cancel();
    this.running.clear();
  }

  private begin(key: string, attempts: EffectAttempts): void {
    this.running.set(key, attempts);
    const request = this.doc().hidden.effects[key]!;
    // The deadline is a failure like any other; what the handler says after it is not heard.
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

  private async callHandler(
    key: string,
    { name, data, match }: { name: string; data: Json; match: number },
  ): Promise<void> {
    const { room } = this.doc();
    const handler = this.parts.effects(room.game, name);
    if (!handler) throw new Error(`this node has no handler for effect '${name}' of game '${room.game}'`);
    this.ruleTracker.beginStep('effect', `effects.${name}`);
    let result: Promise<void> | void;
    try {
      result = handler(JSON.parse(JSON.stringify(data)) as Json, { key, game: room.game, room: room.id, match });
    } finally {
      this.ruleTracker.endStep(); // what it does later holds nobody up
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

import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { Clock, Log, Meter, Timer } from '../ports.ts';
import type { RoomDocument } from './document.ts';
import type { Watched } from './watched.ts';

/** What is known of an effect besides its data. The same `key` may come again: then it was not known whether it was done. */
export interface EffectAbout { readonly key: string; readonly game: string; readonly room: string; /** The match in which it was asked for. */ readonly match: number }
/** The host's code for one effect of one game. Throwing, or taking too long, has it called again later. */
export type EffectHandler = (data: Json, about: EffectAbout) => Promise<void> | void;
/** Who does the effects of a game; null where nobody does. */
export type EffectHandlers = (game: string, name: string) => EffectHandler | null;

/** One effect that is under way, or waits to be tried again. */
interface Doing { failed: number; timer: Timer | null }

/**
 * Has the host's code do what rules have asked for. The asking is part of the journal and is struck out, by another entry,
 * when it was done: so it is done at least once, whichever node dies in between.
 */
export class Effects {
  private readonly doing = new Map<string, Doing>();
  private stopped = false;

  constructor(private readonly parts: { clock: Clock; log: Log; meter: Meter; effects: EffectHandlers }, private readonly doc: () => RoomDocument, private readonly watched: Watched, private readonly isBarred: (name: string) => boolean, private readonly done: (key: string) => void) {}

  /** Begins what is new, and forgets what is struck out. Call it after a commit: only what is durable may be done. */
  pump(): void {
    const { effects } = this.doc().hidden;
    for (const key of this.doing.keys()) if (!Object.hasOwn(effects, key)) this.doing.delete(key);
    for (const [key, { name }] of Object.entries(effects)) if (!this.doing.has(key) && !this.isBarred(name)) this.begin(key, { failed: 0, timer: null });
  }

  /** Nothing is begun any more, and what is under way is not waited for: it is the next owner's to do, or to do again. */
  stop(): void {
    this.stopped = true;
    for (const one of this.doing.values()) one.timer?.cancel();
    this.doing.clear();
  }

  private begin(key: string, one: Doing): void {
    this.doing.set(key, one);
    const asked = this.doc().hidden.effects[key]!;
    // The deadline is a failure like any other; what the handler says after it is not heard.
    let over = false;
    const once = (fn: () => void) => {
      if (over || this.stopped) return;
      over = true;
      one.timer?.cancel();
      fn();
    };
    one.timer = this.parts.clock.after(limits.effectDeadline, () => once(() => this.failed(key, one, new Error(`not done within ${limits.effectDeadline} ms`))));
    this.handle(key, asked).then(() => once(() => this.done(key)), (error: unknown) => once(() => this.failed(key, one, error)));
  }

  private async handle(key: string, { name, data, match }: { name: string; data: Json; match: number }): Promise<void> {
    const { room } = this.doc();
    const handler = this.parts.effects(room.game, name);
    if (!handler) throw new Error(`nobody does the effect '${name}' of '${room.game}' here`);
    this.watched.begin('effect', `effects.${name}`);
    let doing: Promise<void> | void;
    try {
      doing = handler(JSON.parse(JSON.stringify(data)) as Json, { key, game: room.game, room: room.id, match });
    } finally {
      this.watched.end(); // what it does later holds nobody up
    }
    await doing;
  }

  private failed(key: string, one: Doing, error: unknown): void {
    one.failed += 1;
    this.parts.meter.count('failedEffects');
    const { room, hidden } = this.doc();
    this.parts.log.error({ room: room.id, effect: hidden.effects[key]?.name, key, failed: one.failed, error }, 'an effect was not done; it is tried again');
    one.timer = this.parts.clock.after(Math.min(limits.effectRetry * 2 ** (one.failed - 1), limits.effectRetryMost), () => {
      if (!this.stopped && this.doc().hidden.effects[key]) this.begin(key, one);
    });
  }
}

import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';
import type { Clock, Log, Meter } from '../ports.ts';
import type { RoomDocument } from './document.ts';

/** What is known of an effect besides its data. The same `key` may come again: then it was not known whether it was done. */
export interface EffectAbout { readonly key: string; readonly game: string; readonly room: string; readonly match: number }
/** The host's code for one effect of one game. Throwing, or taking too long, has it called again later. */
export type EffectHandler = (data: Json, about: EffectAbout) => Promise<void> | void;
/** Who does the effects of a game; null where nobody does. */
export type EffectHandlers = (game: string, name: string) => EffectHandler | null;

/**
 * Has the host's code do what rules have asked for. The asking is part of the journal and is struck out, by another entry,
 * when it was done: so it is done at least once, whichever node dies in between.
 */
export class Effects {
  /** Under way, or waiting to be tried again. */
  private readonly busy = new Set<string>();
  private readonly failures = new Map<string, number>();
  private stopped = false;

  constructor(private readonly parts: { clock: Clock; log: Log; meter: Meter; effects: EffectHandlers }, private readonly doc: () => RoomDocument, private readonly done: (key: string) => void) {}

  /** Begins what is new. Call it after a commit: only what is durable may be done. */
  pump(): void {
    const { effects } = this.doc().hidden;
    for (const key of Object.keys(effects)) if (!this.busy.has(key)) void this.run(key, effects[key]!);
  }

  stop(): void { this.stopped = true; }

  private async run(key: string, { name, data }: { name: string; data: Json }): Promise<void> {
    this.busy.add(key);
    const { room } = this.doc();
    const { clock, log, meter } = this.parts;
    let late: { cancel(): void } | null = null;
    try {
      const handler = this.parts.effects(room.game, name);
      if (!handler) throw new Error(`nobody does the effect '${name}' of '${room.game}' here`);
      const about: EffectAbout = { key, game: room.game, room: room.id, match: room.match };
      await Promise.race([
        (async () => handler(JSON.parse(JSON.stringify(data)) as Json, about))(),
        new Promise<never>((_resolve, reject) => { late = clock.after(limits.effectDeadline, () => reject(new Error(`not done within ${limits.effectDeadline} ms`))); }),
      ]);
      if (this.stopped) return;
      this.failures.delete(key);
      this.done(key);
    } catch (error) {
      const failed = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failed);
      meter.count('failedEffects');
      log.error({ room: room.id, effect: name, key, failed, error }, 'an effect was not done; it is tried again');
      clock.after(Math.min(limits.effectRetry * 2 ** (failed - 1), limits.effectRetryMost), () => {
        this.busy.delete(key);
        if (!this.stopped && this.doc().hidden.effects[key]) void this.run(key, { name, data });
      });
    } finally {
      (late as { cancel(): void } | null)?.cancel();
    }
  }
}

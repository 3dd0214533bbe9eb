import type { RoomLike } from '../../client/index.ts';
import type { ContractDef } from '../../shared/contract.ts';
import { Cell } from '../common/cell.ts';

const bubbleMs = 2_000;
/** Cooldown of the emote bar, ms: the server drops signals above its rate. */
export const emoteCooldownMs = 700;

const emoteTexts: Record<string, string> = {
  gg: 'GG!',
  nice: 'Nice!',
  hm: 'Hm…',
  wow: 'Wow!',
  oops: 'Oops!',
  really: 'Really?',
  ouch: 'Ouch!',
  again: 'Again?',
};
export const emoteText = (emote: string): string => emoteTexts[emote] ?? emote;

/** The emotes of a game, in its order. */
export function emotesOf(def: ContractDef): readonly string[] {
  const schema = def.signals?.['emote'] as { options?: unknown } | undefined; // zod's enum lists its values
  return Array.isArray(schema?.options) ? schema.options.filter(value => typeof value === 'string') : [];
}

export interface Bubble {
  id: number;
  text: string;
}

/** Emotes shown at a room's seats, each for a short time. */
export class Emotes {
  readonly bubbles = new Cell<ReadonlyMap<number, Bubble>>(new Map());
  private next = 0;

  constructor(private readonly room: RoomLike) {}

  /** @returns a function that stops it */
  start(): () => void {
    return this.room.onSignal('emote' as never, (emote: unknown, from) => {
      if (from !== null) this.show(from, String(emote));
    });
  }

  /** Sends an emote and shows it at once: the server does not return one's own signals. */
  send(emote: string): void {
    (this.room.signal as Record<string, (data: string) => void>)['emote']!(emote);
    if (this.room.seat !== null) this.show(this.room.seat, emote);
  }

  private show(seat: number, emote: string): void {
    const bubble = { id: this.next++, text: emoteText(emote) };
    this.bubbles.set(new Map(this.bubbles.value).set(seat, bubble));
    setTimeout(() => {
      if (this.bubbles.value.get(seat) !== bubble) return;
      const rest = new Map(this.bubbles.value);
      rest.delete(seat);
      this.bubbles.set(rest);
    }, bubbleMs);
  }
}

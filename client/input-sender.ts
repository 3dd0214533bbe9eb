import type { ContractDef } from '../shared/contract.ts';
import { parse } from '../shared/parse.ts';
import type { Json } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import type { InputRequest } from '../shared/protocol.ts';
import { checkOutgoing } from './outgoing-checks.ts';

type InputMessage = Omit<InputRequest, 'room'>;
/** `sent`: it was passed to a connection, so it may have counted. */
interface Kept {
  message: InputMessage;
  sent: boolean;
}

/** What the sender needs of its room. */
export interface InputPort {
  /** @returns false if there is no connection and the message was dropped */
  send(message: InputMessage): unknown;
  sent?(n: number, press: boolean): void;
  /** Presses that will not count. */
  dropped?(name: string, times: number): void;
  now(): number;
  after(ms: number, fn: () => void): void;
}

/**
 * A message that is not confirmed after this time (ms), although the room sends changes, is treated as lost. Held
 * inputs are confirmed every two seconds only.
 */
const resendAfterMs = { press: 500, hold: 4_000 };

/** Messages with presses in flight. Two less than are kept, so that the rest always contains two that can be merged. */
const window = limits.inputsResent - 2;

const fits = (some: Readonly<Record<string, number>>, more: Readonly<Record<string, number>>): boolean =>
  Object.entries(more).every(([name, times]) => (some[name] ?? 0) + times <= limits.pressesPerTick);

/**
 * Sends this player's inputs, at most one message per tick. They are not answered; the room's changes tell which number
 * has counted.
 * | Invariants: presses that have not counted are sent again in their order and with their numbers, so that each counts
 * once. Of held values only the latest counts.
 */
export class InputSender {
  private lastNumber = 0;
  private readonly held: Record<string, Json> = {};
  private nextMessage: { hold: Record<string, Json>; press: Record<string, number> } | null = null;
  /** Unconfirmed messages with presses, oldest first; at most `inputsResent`, see `keep`. */
  private unconfirmed: Kept[] = [];
  private lastSent = -Infinity;
  /** Number of the last message with held values. */
  private lastHoldNumber = 0;
  /** Highest confirmed number. */
  private confirmedNumber = 0;
  /** Number of the last message sent again after a change of owner or connection, until it is confirmed; 0: none. */
  private resentNumber = 0;
  /** When `unconfirmed` was last sent again, or last became shorter. */
  private lastResentAt = 0;

  constructor(
    private readonly def: ContractDef,
    private readonly port: InputPort,
  ) {}

  /** Number of the last message. It has counted when the room's `inputs` reach it. */
  get last(): number {
    return this.lastNumber;
  }
  /** Whether inputs wait for the next message. */
  get hasUnsent(): boolean {
    return this.nextMessage !== null;
  }

  /**
   * Holds a value or adds a press, as the contract declares the name.
   * @throws TypeError if the name is not declared or the value is invalid
   */
  set(name: string, given: unknown): void {
    const kind = this.def.inputs && Object.hasOwn(this.def.inputs, name) ? this.def.inputs[name] : undefined;
    if (!kind) throw new TypeError(`this game has no input '${name}'`);
    let value: Json = null;
    if (kind.kind === 'held') {
      value = this.checkHeld(name, given);
      if (JSON.stringify(this.held[name]) === JSON.stringify(value)) return;
      const read = parse(kind.schema, value);
      if (!read.ok) throw new TypeError(`input '${name}': ${read.detail}`);
    }
    const first = this.nextMessage === null;
    this.nextMessage ??= { hold: {}, press: {} };
    if (kind.kind === 'held') this.held[name] = this.nextMessage.hold[name] = value;
    else this.addPresses(this.nextMessage.press, { [name]: 1 });
    if (!first) return;
    const pause = this.lastSent + 1000 / (this.def.tick?.hz ?? 20) - this.port.now();
    if (pause <= 0) this.flush();
    else this.port.after(pause, () => this.flush());
  }

  /** All held values may be sent again in one message, so together they must fit. */
  private checkHeld(name: string, given: unknown): Json {
    const checked = checkOutgoing(`input '${name}'`, given ?? null);
    const all = checked.ok
      ? checkOutgoing('what is held', { ...this.held, [name]: checked.value }, 'heldBytes')
      : checked;
    if (!all.ok) throw new TypeError(all.detail);
    return (all.value as Record<string, Json>)[name]!;
  }

  /** Confirms the numbers up to `n`. Called for each change of the room. */
  confirm(n: number): void {
    this.confirmedNumber = Math.max(this.confirmedNumber, n);
    if (this.unconfirmed.length === 0 && n >= this.lastHoldNumber) return;
    const left = this.unconfirmed.filter(({ message }) => message.n > n);
    const isShorter = left.length < this.unconfirmed.length;
    if (isShorter) this.lastResentAt = this.port.now();
    this.unconfirmed = left;
    if (isShorter) this.pump(false); // the window has moved
    const silence = this.port.now() - this.lastResentAt;
    if (n >= this.resentNumber) this.resentNumber = 0;
    // A new owner confirms the first message that it receives at once, so the shorter time applies.
    if (n < this.lastHoldNumber && silence >= (this.resentNumber > 0 ? resendAfterMs.press : resendAfterMs.hold))
      this.resendAll();
    else if (left.length > 0 && silence >= resendAfterMs.press) this.resendPresses();
  }

  /** A new session: numbers start at 1, and unconfirmed presses of the last session are dropped. Held values stay. */
  restart(): void {
    this.lastNumber = this.lastHoldNumber = this.confirmedNumber = this.resentNumber = 0;
    this.unconfirmed = [];
    if (this.nextMessage) this.nextMessage.press = {};
  }

  /** For a new owner or connection: sends unconfirmed presses and all held values again. */
  resendAll(): void {
    this.resendPresses();
    if (Object.keys(this.held).length === 0) return;
    this.nextMessage = { hold: { ...this.held }, press: this.nextMessage?.press ?? {} };
    this.flush();
    this.resentNumber = this.lastNumber;
  }

  private resendPresses(): void {
    this.lastResentAt = this.port.now();
    this.pump(true);
  }

  /** Sends messages that fit into the window, oldest first. @param again also those sent before */
  private pump(again: boolean): void {
    const { length } = this.inWindow();
    this.unconfirmed.slice(0, length).forEach((kept, i) => {
      if ((again || !kept.sent) && this.sendMessage(kept.message, this.unconfirmed[i - 1])) kept.sent = true;
    });
  }

  /** Whether these presses may be sent now. */
  private isOpenFor(press: Readonly<Record<string, number>>): boolean {
    const { length, press: before } = this.inWindow();
    return length === this.unconfirmed.length && length < window && fits(before, press);
  }

  /**
   * The first messages that may be in flight together: they may all arrive in one tick, and a room counts only
   * `pressesPerTick` presses of a name per tick.
   */
  private inWindow(): { length: number; press: Record<string, number> } {
    const press: Record<string, number> = {};
    let length = 0;
    for (const { message } of this.unconfirmed) {
      if (length >= window || !fits(press, message.press!)) break;
      for (const [name, times] of Object.entries(message.press!)) press[name] = (press[name] ?? 0) + times;
      length += 1;
    }
    return { length, press };
  }

  /** @returns whether there was a connection */
  private sendMessage(message: InputMessage, before: Kept | undefined): boolean {
    return this.port.send(before ? { ...message, after: before.message.n } : message) !== false;
  }

  /** Adds presses up to `pressesPerTick`. The rest is reported as dropped. */
  private addPresses(to: Record<string, number>, more: Readonly<Record<string, number>>): void {
    for (const [name, times] of Object.entries(more)) {
      const all = (to[name] ?? 0) + times;
      to[name] = Math.min(limits.pressesPerTick, all);
      if (all > limits.pressesPerTick) this.port.dropped?.(name, all - limits.pressesPerTick);
    }
  }

  /**
   * Keeps a message until its presses have counted. If there are too many, two unsent ones are merged under the later
   * number. Sent ones are never merged, because a part may have counted; they are the oldest, at most `window`.
   */
  private keep(kept: Kept): void {
    this.unconfirmed.push(kept);
    if (this.unconfirmed.length <= limits.inputsResent) return;
    const pressOf = (i: number) => this.unconfirmed[i]!.message.press!;
    const first = this.unconfirmed.findIndex(({ sent }) => !sent);
    let at = first;
    while (at < this.unconfirmed.length - 2 && !fits(pressOf(at), pressOf(at + 1))) at++;
    if (!fits(pressOf(at), pressOf(at + 1))) at = first;
    const [one, next] = [this.unconfirmed[at]!.message, this.unconfirmed[at + 1]!.message];
    const press = { ...one.press };
    this.addPresses(press, next.press!);
    const hold = { ...one.hold, ...next.hold };
    this.unconfirmed.splice(at, 2, {
      message: { n: next.n, ...(Object.keys(hold).length > 0 ? { hold } : {}), press },
      sent: false,
    });
  }

  private flush(): void {
    if (!this.nextMessage) return;
    const { press } = this.nextMessage;
    // A confirmed number confirms all presses before it, but not held values: these are repeated until confirmed.
    const hold = this.lastHoldNumber > this.confirmedNumber ? { ...this.held } : this.nextMessage.hold;
    this.nextMessage = null;
    this.lastSent = this.port.now();
    const before = this.unconfirmed.at(-1);
    const [isHeld, isPressed] = [hold, press].map(some => Object.keys(some).length > 0) as [boolean, boolean];
    if (!isHeld && !isPressed) return;
    const mayGo = !isPressed || this.isOpenFor(press);
    const message: InputMessage = {
      n: ++this.lastNumber,
      ...(isHeld ? { hold } : {}),
      ...(isPressed && mayGo ? { press } : {}),
    };
    if (isHeld) this.lastHoldNumber = this.lastNumber;
    // Held values do not wait for the window.
    const sent = (isHeld || mayGo) && this.sendMessage(message, before);
    if (isPressed)
      this.keep(
        mayGo
          ? { message, sent }
          : { message: { n: isHeld ? ++this.lastNumber : this.lastNumber, press }, sent: false },
      );
    this.port.sent?.(this.lastNumber, isPressed);
    if (before === undefined) this.lastResentAt = this.lastSent;
  }
}

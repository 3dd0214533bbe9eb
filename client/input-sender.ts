import type { ContractDef } from '../shared/contract.ts';
import { parse } from '../shared/parse.ts';
import type { Json } from '../shared/json.ts';
import { clientLimits as limits } from '../shared/client-limits.ts';
import type { InputRequest } from '../shared/protocol.ts';
import { checkOutgoing } from './outgoing-checks.ts';

type InputMessage = Omit<InputRequest, 'room'>;
/** `sent`: it was given to a connection, so it may have counted. */
interface Kept {
  message: InputMessage;
  sent: boolean;
}

/** What the sender needs of its room. */
export interface InputPort {
  /** @returns false if there is no connection, so the message went nowhere */
  send(message: InputMessage): unknown;
  sent?(n: number, press: boolean): void;
  /** Presses that do not count. */
  dropped?(name: string, times: number): void;
  now(): number;
  after(ms: number, fn: () => void): void;
}

/**
 * What is not known to have counted for so long (ms), though the room goes on, was lost on its way. Of what is held a
 * room says it every two seconds.
 */
const resendAfterMs = { press: 500, hold: 4_000 };

/**
 * So many messages with presses may be on their way at once: two less than are kept, so that of those that are kept too
 * many two can be joined.
 */
const window = limits.inputsResent - 2;

const fits = (some: Readonly<Record<string, number>>, more: Readonly<Record<string, number>>): boolean =>
  Object.entries(more).every(([name, times]) => (some[name] ?? 0) + times <= limits.pressesPerTick);

/**
 * What this player does, on its way to the room: at most one message for each tick of the game. Nobody answers; the
 * room's changes say which number has counted. Presses that have not counted are said again, in their order and with
 * their numbers, so that each counts once; of what is held only the last counts.
 */
export class InputSender {
  private lastNumber = 0;
  private readonly held: Record<string, Json> = {};
  private nextMessage: { hold: Record<string, Json>; press: Record<string, number> } | null = null;
  /** Messages with presses that are not known to have counted, oldest first: at most `inputsResent`, see `keep`. */
  private unconfirmed: Kept[] = [];
  private lastSent = -Infinity;
  /** The last message that said what is held. */
  private lastHoldNumber = 0;
  /** The highest number that is known to have counted. */
  private confirmedNumber = 0;
  /** What was said to another owner, or by another line, and is not known to have been heard there; 0: nothing. */
  private resentNumber = 0;
  /** When `unconfirmed` was last said, or last got shorter. */
  private lastResentAt = 0;

  constructor(
    private readonly def: ContractDef,
    private readonly port: InputPort,
  ) {}

  /** The number of the last message, which the room's `inputs` reach when it has counted. */
  get last(): number {
    return this.lastNumber;
  }
  /** Something waits for the next message. */
  get hasUnsent(): boolean {
    return this.nextMessage !== null;
  }

  /**
   * Holds a value, or presses, by what the contract says of the name.
   * @throws TypeError for a name that is not in it, or a value that does not fit
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

  /** Everything that is held repeatedly goes into one message, so all of it together has to fit. */
  private checkHeld(name: string, given: unknown): Json {
    const checked = checkOutgoing(`input '${name}'`, given ?? null);
    const all = checked.ok
      ? checkOutgoing('what is held', { ...this.held, [name]: checked.value }, 'heldBytes')
      : checked;
    if (!all.ok) throw new TypeError(all.detail);
    return (all.value as Record<string, Json>)[name]!;
  }

  /** Numbers up to this one have counted; said with each change of the room. */
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
    // Whoever hears somebody for the first time says so at once.
    if (n < this.lastHoldNumber && silence >= (this.resentNumber > 0 ? resendAfterMs.press : resendAfterMs.hold))
      this.resendAll();
    else if (left.length > 0 && silence >= resendAfterMs.press) this.resendPresses();
  }

  /**
   * Another session: its messages count from 1, and presses of the last one that have not counted are dropped. What is
   * held goes on.
   */
  restart(): void {
    this.lastNumber = this.lastHoldNumber = this.confirmedNumber = this.resentNumber = 0;
    this.unconfirmed = [];
    if (this.nextMessage) this.nextMessage.press = {};
  }

  /** Another owner, or another line: says what has not counted, and all that is held. */
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

  /** Sends what fits into the window, oldest first. @param again also what was sent before */
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
   * The first messages that may be on their way at once: a room counts only so many presses of a name in a tick, and
   * they may all arrive in one.
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

  /** @returns whether there was a connection to send it by */
  private sendMessage(message: InputMessage, before: Kept | undefined): boolean {
    return this.port.send(before ? { ...message, after: before.message.n } : message) !== false;
  }

  /** As many presses as the room counts in one tick; what is above that is reported. */
  private addPresses(to: Record<string, number>, more: Readonly<Record<string, number>>): void {
    for (const [name, times] of Object.entries(more)) {
      const all = (to[name] ?? 0) + times;
      to[name] = Math.min(limits.pressesPerTick, all);
      if (all > limits.pressesPerTick) this.port.dropped?.(name, all - limits.pressesPerTick);
    }
  }

  /**
   * Keeps a message until its presses have counted. Where there are too many, two that were not sent become one with
   * the later number. What was sent is not joined, for a part of it may have counted; it is always the oldest, and no
   * more than the window.
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
    // A number that counts says that those before it do, which is true of presses alone: what is held goes along until
    // it is sure.
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
    // What is held does not wait for the window.
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

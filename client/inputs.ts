import { parse, type ContractDef } from '../shared/contract.ts';
import type { Json } from '../shared/json.ts';
import { limits } from '../shared/limits.ts';
import type { InputRequest } from '../shared/protocol.ts';
import { checkOutgoing } from './outgoing.ts';

type Message = Omit<InputRequest, 'room'>;

/** What is not known to have counted for so long (ms), though the room goes on, was lost on its way. Of what is held a room says it every two seconds. */
const patience = { press: 500, hold: 4_000 };

/**
 * What this player does, on its way to the room: at most one message for each tick of the game. Nobody answers; the
 * room's changes say which number has counted. Presses that have not counted are said again, in their order and with
 * their numbers, so that each counts once; of what is held only the last counts.
 */
export class InputSender {
  private n = 0;
  private readonly held: Record<string, Json> = {};
  private waiting: { hold: Record<string, Json>; press: Record<string, number> } | null = null;
  /** Messages with presses that are not known to have counted, oldest first. Should there be more than the room would count, the oldest go. */
  private unapplied: Message[] = [];
  private lastSent = -Infinity;
  /** The last message that said what is held. */
  private heldN = 0;
  /** The highest number that is known to have counted. */
  private counted = 0;
  /** What was said to another owner, or by another line, and is not known to have been heard there; 0: nothing. */
  private anew = 0;
  /** When `unapplied` was last said, or last got shorter. */
  private lastSaid = 0;

  constructor(private readonly def: ContractDef, private readonly port: { send(message: Message): void; sent?(n: number, press: boolean): void; now(): number; after(ms: number, fn: () => void): void }) {}

  /** The number of the last message, which the room's `inputs` reach when it has counted. */
  get last(): number { return this.n; }
  /** Something waits for the next message. */
  get waits(): boolean { return this.waiting !== null; }

  /** Holds a value, or presses, by what the contract says of the name. @throws TypeError for a name that is not in it, or a value that does not fit */
  put(name: string, given: unknown): void {
    const kind = this.def.inputs && Object.hasOwn(this.def.inputs, name) ? this.def.inputs[name] : undefined;
    if (!kind) throw new TypeError(`this game has no input '${name}'`);
    let value: Json = null;
    if (kind.kind === 'held') {
      value = this.check(name, given);
      if (JSON.stringify(this.held[name]) === JSON.stringify(value)) return;
      const read = parse(kind.schema, value);
      if (!read.ok) throw new TypeError(`input '${name}': ${read.detail}`);
    }
    const first = this.waiting === null;
    this.waiting ??= { hold: {}, press: {} };
    if (kind.kind === 'held') this.held[name] = this.waiting.hold[name] = value;
    else this.waiting.press[name] = Math.min(limits.presses, (this.waiting.press[name] ?? 0) + 1);
    if (!first) return;
    const pause = this.lastSent + 1000 / (this.def.tick?.hz ?? 20) - this.port.now();
    if (pause <= 0) this.flush();
    else this.port.after(pause, () => this.flush());
  }

  /** All that is held goes into one message again and again, so it is all of it that has to fit. */
  private check(name: string, given: unknown): Json {
    const checked = checkOutgoing(`input '${name}'`, given ?? null);
    const all = checked.ok ? checkOutgoing('what is held', { ...this.held, [name]: checked.value }, 'heldBytes') : checked;
    if (!all.ok) throw new TypeError(all.detail);
    return (all.value as Record<string, Json>)[name]!;
  }

  /** Numbers up to this one have counted; said with each change of the room. */
  applied(n: number): void {
    this.counted = Math.max(this.counted, n);
    if (this.unapplied.length === 0 && n >= this.heldN) return;
    const left = this.unapplied.filter(m => m.n > n);
    if (left.length < this.unapplied.length) this.lastSaid = this.port.now();
    this.unapplied = left;
    const silence = this.port.now() - this.lastSaid;
    if (n >= this.anew) this.anew = 0;
    // Whoever hears somebody for the first time says so at once.
    if (n < this.heldN && silence >= (this.anew > 0 ? patience.press : patience.hold)) this.again();
    else if (left.length > 0 && silence >= patience.press) this.repeat();
  }

  /** Another session: its messages count from 1, and presses of the last one that have not counted are dropped. What is held goes on. */
  restart(): void {
    this.n = this.heldN = this.counted = this.anew = 0;
    this.unapplied = [];
    if (this.waiting) this.waiting.press = {};
  }

  /** Another owner, or another line: says what has not counted, and all that is held. */
  again(): void {
    this.repeat();
    if (Object.keys(this.held).length === 0) return;
    this.waiting = { hold: { ...this.held }, press: this.waiting?.press ?? {} };
    this.flush();
    this.anew = this.n;
  }

  private repeat(): void {
    this.lastSaid = this.port.now();
    this.unapplied.forEach((message, i) => this.say(message, this.unapplied[i - 1]));
  }

  private say(message: Message, before: Message | undefined): void { this.port.send(before ? { ...message, after: before.n } : message); }

  private flush(): void {
    if (!this.waiting) return;
    const { press } = this.waiting;
    // A number that counts says that those before it do, which is true of presses alone: what is held goes along until it is sure.
    const hold = this.heldN > this.counted ? { ...this.held } : this.waiting.hold;
    this.waiting = null;
    this.lastSent = this.port.now();
    const message: Message = { n: ++this.n, ...(Object.keys(hold).length > 0 ? { hold } : {}), ...(Object.keys(press).length > 0 ? { press } : {}) };
    this.say(message, this.unapplied.at(-1));
    this.port.sent?.(message.n, message.press !== undefined);
    if (this.unapplied.length === 0) this.lastSaid = this.lastSent;
    if (message.hold) this.heldN = message.n;
    if (!message.press) return;
    this.unapplied.push(message);
    if (this.unapplied.length > limits.inputsKept) this.unapplied.shift();
  }
}

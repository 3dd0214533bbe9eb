import type { Clock, Log, Timer } from '../ports.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisTarget } from './redis-target.ts';
import { RedisLine, within, type Identity, type RedisDoor } from './redis-line.ts';

const ANSWER_WITHIN = 500;
const LOOK_EVERY = 1_000;

/** What one sentinel says: where the master is, and in which configuration, counted by the sentinels themselves. */
interface Said { host: string; port: number; epoch: number }

/**
 * The master of a group of Redis servers, as its sentinels have it.
 *
 * All of them are asked, and the newest configuration among the answers counts: a sentinel that was cut off or frozen
 * praises a master of the past. What they say is still only a hint: who connects asks the server itself for its role, and
 * what a master of the past is given anyway never gets past the gate of the replicas (replica-gate.ts), where that is on.
 */
export class SentinelDoor implements RedisDoor {
  readonly name: string;
  private readonly lines: RedisLine[];
  private known: Said | null = null;
  private looking: Promise<Said> | null = null;
  private timer: Timer | null = null;
  private closed = false;
  private readonly moved: ((why: string) => void)[] = [];

  constructor(
    private readonly options: { master: string; sentinels: readonly RedisTarget[]; credentials: Omit<RedisTarget, 'host' | 'port'> },
    private readonly parts: { clock: Clock; log: Log },
  ) {
    this.name = `Redis '${options.master}' (sentinels at ${options.sentinels.map(s => `${s.host}:${s.port}`).join(', ')})`;
    this.lines = options.sentinels.map((target, i) => {
      const line = new RedisLine(new Beside(target), `rejoin-sentinel-${i + 1}`, parts, identifySentinel);
      line.onOpen(async client => {
        await client.subscribe('+switch-master', text => { if (text.startsWith(`${options.master} `)) void this.look(); });
      });
      void line.connect();
      return line;
    });
    this.lookAgain();
  }

  async find(): Promise<RedisTarget> {
    const { host, port } = await this.ask();
    return { ...this.options.credentials, host, port };
  }

  onMoved(moved: (why: string) => void): void { this.moved.push(moved); }
  doubt(why: string): void { for (const tell of this.moved) tell(why); }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    for (const line of this.lines) line.close();
  }

  /** A message of a sentinel may be missed: they are asked each second as well. */
  private lookAgain(): void {
    this.timer = this.parts.clock.after(LOOK_EVERY, () => void this.look().finally(() => { if (!this.closed) this.lookAgain(); }));
  }

  private async look(): Promise<void> {
    await this.ask().catch((error: unknown) => this.parts.log.debug({ error }, 'the sentinels did not say where the master is'));
  }

  /** Several ask at the same time after a break: one question for all. */
  private ask(): Promise<Said> {
    return (this.looking ??= this.hear().finally(() => { this.looking = null; }));
  }

  private async hear(): Promise<Said> {
    const wrong: string[] = [];
    const heard: Said[] = [];
    const asked = this.lines.map(async line => {
      try {
        heard.push(await within(this.parts.clock, ANSWER_WITHIN, this.question(line)));
      } catch (error) {
        wrong.push(error instanceof Error ? error.message : String(error));
      }
    });
    // More than half is enough, so that one that hangs costs nothing.
    const most = Math.floor(this.lines.length / 2) + 1;
    await Promise.race([Promise.all(asked), new Promise<void>(resolve => asked.forEach(one => void one.then(() => { if (heard.length >= most) resolve(); })))]);
    const newest = heard.reduce<Said | null>((best, said) => (best === null || said.epoch > best.epoch ? said : best), null);
    if (newest === null) throw new Error(`no sentinel says where '${this.options.master}' is: ${[...new Set(wrong)].join('; ')}`);
    // Few that are behind are not believed; most of them are: they may have been set up anew.
    if (this.known && newest.epoch < this.known.epoch && heard.length < most) return this.known;
    const before = this.known;
    this.known = newest;
    if (before && (before.host !== newest.host || before.port !== newest.port)) {
      this.parts.log.warn({ from: `${before.host}:${before.port}`, to: `${newest.host}:${newest.port}` }, 'the master of Redis is another one');
      this.doubt('the master is another one');
    }
    return newest;
  }

  private async question(line: RedisLine): Promise<Said> {
    const { client } = line;
    const [at, about] = await Promise.all([
      client.sendCommand<string[] | null>(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.options.master]),
      client.sendCommand(['SENTINEL', 'MASTER', this.options.master]),
    ]);
    if (!at) throw new Error(`it knows no '${this.options.master}'`);
    return { host: String(at[0]), port: Number(at[1]), epoch: Number(fieldsOf(about)['config-epoch'] ?? 0) };
  }
}

/** The place of one sentinel: it does not move, and what others doubt is not its affair. */
class Beside implements RedisDoor {
  readonly name: string;
  constructor(private readonly target: RedisTarget) { this.name = `${target.host}:${target.port}`; }
  find(): Promise<RedisTarget> { return Promise.resolve(this.target); }
  onMoved(): void {}
  doubt(): void {}
  close(): void {}
}

/** @throws when it is no sentinel */
async function identifySentinel(client: RedisClient): Promise<Identity> {
  const [role] = await client.sendCommand<[string]>(['ROLE']);
  if (String(role) !== 'sentinel') throw new Error(`a ${role} answers where a sentinel should`);
  return { runId: 'sentinel', history: '' };
}

/** A reply of names and values, in whichever shape the protocol brings it. */
function fieldsOf(reply: unknown): Record<string, string> {
  if (Array.isArray(reply)) return Object.fromEntries(Array.from({ length: reply.length / 2 }, (_x, i) => [String(reply[2 * i]), String(reply[2 * i + 1])]));
  return Object.fromEntries(reply instanceof Map ? reply : Object.entries(reply as object)) as Record<string, string>;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { until } from '../../../tools/until.ts';
import type { RedisTls } from '../../../server/store/redis-target.ts';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { freePort } from '../../../tools/free-port.ts';

interface Access {
  user?: string;
  password?: string;
  tls?: RedisTls;
}

/**
 * A redis-server of a test's own: own port, own folder, append-only file (synced always: else what it has answered may
 * not survive its end); ends with it.
 */
export class TestRedis {
  private child: ChildProcess | null = null;
  private constructor(
    private readonly command: string,
    private readonly folder: string,
    readonly port: number,
    private readonly settings: string[],
    private readonly access: Access,
  ) {}

  /** `access`: how to get in; a word alone is the password of everybody. */
  static async start(settings: string[] = [], access: Access | string = {}): Promise<TestRedis> {
    const { 'redis-server': command } = await requireSystem(['redis-server'], text =>
      process.stdout.write(`${text}\n`),
    );
    const all = typeof access === 'string' ? [...settings, '--requirepass', access] : settings;
    const redis = new TestRedis(
      command,
      await mkdtemp(join(tmpdir(), 'rejoin-redis-')),
      await freePort(),
      all,
      typeof access === 'string' ? { password: access } : access,
    );
    await redis.run();
    return redis;
  }

  get url(): string {
    const { user = '', password, tls } = this.access;
    return `${tls ? 'rediss' : 'redis'}://${password === undefined ? '' : `${user}:${password}@`}127.0.0.1:${this.port}`;
  }

  async run(): Promise<void> {
    this.child = spawn(
      this.command,
      [
        this.access.tls ? '--tls-port' : '--port',
        String(this.port),
        ...(this.access.tls ? ['--port', '0'] : []),
        '--bind',
        '127.0.0.1',
        '--dir',
        this.folder,
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--save',
        '',
        '--maxmemory-policy',
        'noeviction',
        ...this.settings,
      ],
      { stdio: 'ignore' },
    );
    await until(
      'redis answers',
      async () => {
        const client = createClient({
          url: this.url,
          socket: {
            reconnectStrategy: false,
            ...(this.access.tls
              ? { tls: true as const, ca: this.access.tls.ca!, cert: this.access.tls.cert!, key: this.access.tls.key! }
              : {}),
          },
        });
        client.on('error', () => {});
        try {
          await client.connect();
          await client.ping();
          return true;
        } catch {
          return undefined;
        } finally {
          if (client.isOpen) client.destroy();
        }
      },
      { timeoutMs: 20_000 },
    );
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Stands still with its sockets open. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }
  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    // A replica's fork that rewrites its file outlives it by a moment, and goes on writing there.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

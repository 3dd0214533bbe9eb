import type { Client } from '../../../client/client.ts';
import type { Room } from '../../../client/room.ts';
import type { Handshake } from '../../../shared/protocol.ts';
import { makeRefusal, type Refused } from '../../../shared/refusals.ts';
import type { TestClient, TestCluster } from '../../../testkit/test-cluster.ts';

/** A room that a device has entered. */
export interface EnteredRoom {
  readonly room: Room;
  readonly id: string;
  readonly watch: boolean;
  readonly device: Device;
  /** As whom. */
  readonly player: string;
  /** Virtual ms at which the hold ended. */
  endedAt: number;
}

/** Who the server takes whom for: tokens that are not valid any more, and guests that it has made. */
export class Identities {
  private readonly revoked = new Set<string>();
  private readonly banished = new Set<string>();
  private guests = 0;

  revoke(player: string): void {
    this.revoked.add(`t:${player}`);
  }
  /** Refuses all devices of a person, with whatever token. */
  refuseAll(person: string): void {
    this.banished.add(person);
  }

  identify(person: string, { token, name }: Handshake): { player: string; name: string; token: string } | Refused {
    if (this.banished.has(person) || (token !== undefined && this.revoked.has(token))) return makeRefusal('bad-token');
    const player = token === undefined ? `${person}-${++this.guests}` : token.slice(2);
    return { player, name: name ?? player, token: `t:${player}` };
  }
}

/** Where a device keeps its token. Throws when it is told to. */
class Storage {
  fails: 'no' | 'reads' | 'writes' | 'all' = 'no';
  private readonly kept = new Map<string, string>();
  constructor(token: string) {
    this.kept.set('rejoin.token', token);
  }
  getItem(key: string): string | null {
    if (this.fails === 'reads' || this.fails === 'all') throw new Error('the storage is not readable');
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.fails === 'writes' || this.fails === 'all') throw new Error('QuotaExceededError');
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    if (this.fails === 'writes' || this.fails === 'all') throw new Error('the storage is not writable');
    this.kept.delete(key);
  }
}

/** One client of a person: a tab, a phone. */
export class Device {
  readonly testClient: TestClient;
  readonly storage: Storage;
  readonly rooms: EnteredRoom[] = [];
  closed = false;
  /** The answer to the next request of this name is lost with the connection. */
  losesAnswerTo: string | null = null;
  /** How long (ms) it has no network then. */
  losesFor = 0;
  /** Rooms of which it was told something before it was let in. */
  readonly early = new Set<string>();
  readonly admitted = new Set<string>();

  constructor(
    private readonly world: TestCluster,
    readonly person: string,
    token: string,
    home: string,
    identities: Identities,
    onThrow: (error: Error) => void,
  ) {
    this.storage = new Storage(token);
    this.testClient = world.client(person, home, { storage: this.storage, name: person });
    this.testClient.run = fn => {
      try {
        fn();
      } catch (error) {
        onThrow(error as Error);
      }
    };
    this.testClient.identify = handshake => identities.identify(person, handshake);
  }

  get client(): Client {
    return this.testClient.client;
  }
  get player(): string {
    return this.client.player ?? this.person;
  }
  /** Whether the server hears it, and it wants to be heard. */
  get online(): boolean {
    return !this.closed && !this.testClient.isOffline && this.client.status.state !== 'refused';
  }
  /** Rooms that it is in. */
  get open(): EnteredRoom[] {
    return this.rooms.filter(h => h.room.ended === null);
  }

  breakConnections(): void {
    for (const line of [...this.testClient.connections]) line.breakConnection();
  }
  disconnectFor(ms: number): void {
    this.world.disconnect(this.testClient);
    this.world.clock.afterExactly(ms, () => {
      this.testClient.isOffline = false;
    });
  }
  close(): void {
    this.closed = true;
    this.client.close();
  }
}

import type { AnyRoom } from './client-checks.ts';
import type { TestClient, TestCluster } from '../../testkit/test-cluster.ts';
import type { FaultTarget } from './fault-injector.ts';

/**
 * Somebody who plays: a client, and after a restart or in another tab another one, with the same name and the same
 * seat.
 */
export class Player implements FaultTarget {
  current: TestClient;
  room: AnyRoom | null = null;
  /** Counts clients: who asked with which. */
  generation = 0;
  private readonly older: TestClient[] = [];
  private acts = 0;

  constructor(
    private readonly world: TestCluster,
    readonly name: string,
    readonly letter: string,
    private readonly home: string,
    private readonly enter: (client: TestClient) => Promise<AnyRoom>,
    private readonly onRoom: (player: Player, room: AnyRoom) => void,
  ) {
    this.current = world.client(name, home);
    this.join();
  }

  /** The number of the next action of its own. */
  next(): number {
    return this.acts++;
  }

  cut(): void {
    for (const line of [...this.current.connections]) line.breakConnection();
  }
  unplug(ms: number): void {
    const client = this.current;
    this.world.disconnect(client);
    this.world.clock.after(ms, () => {
      client.isOffline = false;
    });
  }
  switchNode(): void {
    this.current.client.move();
  }

  /** The program ends at once, and is begun anew. What it had asked for and not heard of is nobody's any more. */
  restart(): void {
    const old = this.current;
    old.isOffline = true;
    for (const line of [...old.connections]) line.breakConnection();
    old.client.close();
    this.replace();
  }

  /** Another window of the same player: it takes the seat, and the first one is told. */
  openTab(): void {
    if (!this.room) return; // of two that are being opened at once, either may win
    this.older.push(this.current);
    this.replace();
  }

  /** The weather is over for its clients, too. */
  calm(): void {
    for (const client of [this.current, ...this.older]) client.isOffline = false;
  }
  close(): void {
    for (const client of [this.current, ...this.older]) client.client.close();
  }

  private replace(): void {
    this.current = this.world.client(this.name, this.home);
    this.room = null;
    this.join();
  }

  /**
   * The older one of two windows, or of a program that was ended and the next, may win: where the store has forgotten
   * which came last, or a node's last word was held up on its way. Whoever sits at the newer one asks again.
   */
  private again(generation: number): void {
    if (generation === 1) return;
    this.world.clock.after(300, () => {
      if (generation !== this.generation) return;
      this.room = null;
      this.join();
    });
  }

  private join(): void {
    const generation = ++this.generation;
    const client = this.current;
    this.enter(client).then(
      room => {
        if (generation !== this.generation) return;
        this.room = room;
        this.onRoom(this, room);
        room.onEnd(refusal => {
          if (refusal.code === 'session-replaced') this.again(generation);
        });
      },
      (error: Error & { code?: string }) => {
        if (error.code === 'session-replaced') this.again(generation);
      },
    );
  }
}

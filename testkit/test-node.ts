import type { RejoinNode } from '../server/node/node.ts';
import type { Bus } from '../server/runtime/ports.ts';
import type { TestConnection } from './test-connection.ts';

/** A node as a process: it can die, or freeze while everything sent to it waits. */
export class TestNode {
  node!: RejoinNode;
  state: 'up' | 'frozen' | 'dead' = 'up';
  readonly connections = new Set<TestConnection>();
  /** What it logged as warnings and errors. */
  readonly warnings: string[] = [];
  onIncarnation: () => void = () => {};
  bus!: Bus & { close(): Promise<void> };
  onMessage: (text: string) => void = () => {};
  onBusBroken: () => void = () => {};
  isUnsubscribed = false;
  /** Cut off from the store and from all other nodes. */
  isIsolated = false;
  /** The store that its connection leads to; see `replaceStore`. */
  storeId = 0;
  private readonly suspendedTasks: (() => void)[] = [];
  constructor(readonly name: string) {}

  /** Runs code inside this process: at once, after it thaws, or never. */
  runInside(fn: () => void): void {
    if (this.state === 'up') fn();
    else if (this.state === 'frozen') this.suspendedTasks.push(fn);
  }

  thaw(): void {
    this.state = 'up';
    for (const fn of this.suspendedTasks.splice(0)) fn();
  }

  /** Whether this node runs the room. */
  owns(room: string): boolean {
    return this.state !== 'dead' && this.node.ownedRooms.get(room) !== undefined;
  }
}

import assert from 'node:assert/strict';
import { TakeoverMonitor } from '../../client-demo/room/takeover-monitor.ts';
import type { Client, Room } from '../../client/index.ts';
import { until as untilIt } from '../../tools/until.ts';

const until = (what: string, holds: () => boolean) => untilIt(what, () => holds() || undefined, { timeoutMs: 10_000 });

interface NodeSeen {
  name: string;
  alive: boolean;
  draining: boolean;
}

/** A table, and what the server says of it when asked. */
class Table {
  term = 7;
  seq = 1;
  owner = 'node-1';
  nodes: NodeSeen[] = ['node-1', 'node-2'].map(name => ({ name, alive: true, draining: false }));
  ended = null;
  asked = 0;
  readonly said: string[] = [];
  private change = () => {};
  private readonly watch = new TakeoverMonitor(this as unknown as Room, this as unknown as Client, text =>
    this.said.push(text),
  );

  get position(): [number, number] {
    return [this.term, this.seq];
  }
  onChange(fn: () => void): () => void {
    this.change = fn;
    return () => {};
  }
  onStatus(): () => void {
    return () => {};
  }
  inspect() {
    this.asked += 1;
    return Promise.resolve({ ok: true, owner: this.owner, term: this.term, nodes: this.nodes });
  }

  async open(): Promise<void> {
    this.watch.start();
    await until('it knows who runs the table', () => this.asked === 1);
  }
  /** Another node runs it from now on, and something has happened there. */
  moveTo(owner: string): void {
    this.owner = owner;
    this.term += 1;
    this.seq += 1;
    this.change();
  }
}

describe('a page that notices who runs its table', () => {
  it('says nothing of a table that moves in good order, as it does to be where its players are', async () => {
    const table = new Table();
    await table.open();
    table.moveTo('node-2');
    await until('it has looked twice whether the other node lives', () => table.asked === 4);
    await new Promise(setImmediate);
    assert.deepEqual(table.said, []);
  });

  it('tells of a node that is gone, also if others notice only now', async () => {
    const table = new Table();
    await table.open();
    table.moveTo('node-2');
    await until('it has seen the other node alive', () => table.asked === 3);
    table.nodes[0]!.alive = false;
    await until('it is told', () => table.said.length > 0);
    assert.match(table.said[0]!, /^Another node took over \(node-2\)\. Play stood still for \d+ ms\.$/);
  });

  it('tells of a node that is drained', async () => {
    const table = new Table();
    await table.open();
    table.nodes[0]!.draining = true;
    table.moveTo('node-2');
    await until('it is told', () => table.said.length > 0);
  });
});

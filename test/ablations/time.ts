import { edit, type Ablation } from './ablation.ts';

export const time: readonly Ablation[] = [
  {
    name: 'members of a room are looked for among all connections', why: 'a restart of the store stops a node with many clients for seconds',
    hunt: { test: 'test/protocol/many-rooms.test.ts', grep: 'looks at each connection a few times' },
    edits: [edit('server/sessions/edge.ts', 'return this.casts.in(room).length > 0; }', 'return [...this.connections.values()].some(c => c.rooms.has(room)); }')],
  },
];

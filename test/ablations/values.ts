import { edit, type Ablation } from './ablation.ts';

const outgoing = { test: 'test/protocol/outgoing.test.ts', grep: '' };

export const values: readonly Ablation[] = [
  { name: 'an action is not checked before it is queued', why: 'one that cannot be sent is sent for ever, and holds up all others', hunt: { ...outgoing, grep: 'an action that JSON does not keep' }, edits: [edit('client/room.ts', `const checked = checkOutgoing('data', data);`, 'const checked = { ok: true as const, value: data as Json };')] },
  { name: 'the size of an action is not checked', why: 'the connection is closed whenever it is sent', hunt: { ...outgoing, grep: 'an action above a limit' }, edits: [edit('client/outgoing.ts', 'if (bytes > limits[limit]) throw', 'if (bytes < 0) throw')] },
  { name: 'characters are counted, not bytes', why: 'what fits in characters is too large for the server', hunt: { ...outgoing, grep: 'an action above a limit' }, edits: [edit('client/outgoing.ts', 'const bytes = utf8Length(JSON.stringify(json));', 'void utf8Length;\n    const bytes = JSON.stringify(json).length;')] },
  { name: 'requests are not checked', why: 'create, quick and join are asked again for ever', hunt: { ...outgoing, grep: 'create, quick and join reject' }, edits: [edit('client/client.ts', 'passed(checkRequest(name, given)) as Requests[K][0]', 'given')] },
  { name: 'signals are not checked', why: 'the client is closed for malformed messages', hunt: { ...outgoing, grep: 'signals and inputs that cannot be sent' }, edits: [edit('client/room.ts', 'data: checkSignal(parts.game, name, data)', 'data: (checkSignal, data as Json)')] },
  { name: 'a packet that is too large closes the connection', why: 'a client cannot know why', hunt: { ...outgoing, grep: 'without the SDK' }, edits: [edit('server/sessions/edge.ts', 'return this.strike(connection) ? refused(\'too-large\'', 'return this.strike(connection) && !connection.open ? refused(\'too-large\'')] },
];

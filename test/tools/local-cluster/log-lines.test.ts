import { strict as assert } from 'node:assert';
import { formatLine, isWorthShowing } from '../../../tools/local-cluster/log-lines.ts';

describe('log lines', () => {
  it("show a node's entry on one line", () => {
    const entry = {
      level: 40,
      time: Date.UTC(2030, 0, 1, 10, 20, 30, 40),
      pid: 1,
      hostname: 'h',
      msg: 'slow',
      room: 'r1',
      n: 3,
    };
    assert.equal(formatLine('node-1', JSON.stringify(entry), false), 'node-1  │ 10:20:30.040 WARN  slow room=r1 n=3');
  });

  it("show an error's stack below it, each line under the node's name", () => {
    const entry = { level: 50, msg: 'no', err: { type: 'Error', stack: 'Error: x\n    at y' } };
    assert.equal(
      formatLine('node-1', JSON.stringify(entry), false),
      'node-1  │ ERROR no\nnode-1  │ Error: x\nnode-1  │     at y',
    );
  });

  it('show anything else as it came, without the date of redis and nginx', () => {
    assert.equal(formatLine('node-1', '{"half', false), 'node-1  │ {"half');
    assert.equal(formatLine('node-1', '{"a":1}', false), 'node-1  │ {"a":1}');
    assert.equal(
      formatLine('redis', '12:M 21 Nov 2026 10:00:00.123 # Out of memory', false),
      'redis   │ 10:00:00.123 # Out of memory',
    );
    assert.equal(formatLine('nginx', '2026/11/21 10:00:00 [emerg] 1#1: no', false), 'nginx   │ 10:00:00 [emerg] no');
  });

  it('leave out what redis and nginx say on an ordinary day', () => {
    assert.equal(isWorthShowing('nginx', '2026/11/21 10:00:00 [notice] 1#1: start worker process 2'), false);
    assert.equal(isWorthShowing('nginx', '2026/11/21 10:00:00 [error] 1#1: refused'), true);
    assert.equal(isWorthShowing('redis', '1:M 21 Nov 2026 10:00:00.1 * Ready to accept connections'), false);
    assert.equal(isWorthShowing('redis', "1:M 21 Nov 2026 10:00:00.1 # Can't save"), true);
    assert.equal(isWorthShowing('node-1', 'anything'), true);
  });
});

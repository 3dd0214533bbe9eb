import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { TokenRenewer } from '../../server/gateway/token-renewer.ts';
import type { GameSocket } from '../../server/gateway/socket-types.ts';
import { Tokens } from '../../server/identity/tokens.ts';
import { noLog } from '../../server/ops/log.ts';
import { countingEntropy, ManualClock } from './manual-ports.ts';

const day = 24 * 3_600_000;

describe('those who stay for weeks', () => {
  it('[W4] are given another token in the second half of its life, once, and others none', async () => {
    const clock = new ManualClock();
    const tokens = new Tokens('for-tests-only-9f3kQ7wZx2LmVb8RtYc4', clock, countingEntropy());
    const renewals = new TokenRenewer({ tokens, clock, log: noLog });
    const heard: string[] = [];
    const socket = (player: string, agesAt: number, connected = true) =>
      ({
        connected,
        data: { identity: { player, name: 'Ada' }, token: '', renewAt: agesAt },
        emit: (_event: string, token: string) => heard.push(token),
      }) as unknown as GameSocket;
    const all = [socket('ada', tokens.renewAt), socket('by the host', Infinity), socket('gone', tokens.renewAt, false)];
    clock.time += 14 * day;
    await renewals.renew(all);
    assert.deepEqual(heard, []);
    clock.time += 2 * day;
    all.push(socket('new', tokens.renewAt));
    await renewals.renew(all);
    await renewals.renew(all);
    assert.equal(heard.length, 1);
    const { player, renewAt } = await tokens.verify(heard[0]!);
    assert.equal(player, 'ada');
    assert.ok(renewAt > clock.now());
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Renewals } from '../../server/gateway/renewals.ts';
import type { GameSocket } from '../../server/gateway/types.ts';
import { Tokens } from '../../server/identity/tokens.ts';
import { noLog } from '../../server/ops/log.ts';
import { countingEntropy, StillClock } from './fixed.ts';

const day = 24 * 3_600_000;

describe('those who stay for weeks', () => {
  it('[W4] are given another token in the second half of its life, once, and others none', async () => {
    const clock = new StillClock();
    const tokens = new Tokens('for-tests-only-9f3kQ7wZx2LmVb8RtYc4', clock, countingEntropy());
    const renewals = new Renewals({ tokens, clock, log: noLog });
    const heard: string[] = [];
    const socket = (player: string, agesAt: number, connected = true) => ({ connected, data: { identity: { player, name: 'Ada' }, token: '', agesAt }, emit: (_event: string, token: string) => heard.push(token) }) as unknown as GameSocket;
    const all = [socket('ada', tokens.agesAt), socket('by the host', Infinity), socket('gone', tokens.agesAt, false)];
    clock.time += 14 * day;
    await renewals.renew(all);
    assert.deepEqual(heard, []);
    clock.time += 2 * day;
    all.push(socket('new', tokens.agesAt));
    await renewals.renew(all);
    await renewals.renew(all);
    assert.equal(heard.length, 1);
    const { player, agesAt } = await tokens.verify(heard[0]!);
    assert.equal(player, 'ada');
    assert.ok(agesAt > clock.now());
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { requireSystem } from '../../../tools/local-cluster/system.ts';
import { campaign } from './campaign.ts';
import { totalPackets } from './attacker.ts';

/** Some tens of thousands of hostile packets at real nodes and a real proxy. `npm run fuzz` sends a million. */
describe('every door, by drawn packets', function () {
  this.timeout(300_000);

  it('[W1] [W5] [O2] nothing ends, nobody waits, nothing happens without a right, memory stays', async () => {
    await requireSystem(['redis-server', 'nginx'], text => process.stdout.write(`${text}\n`));
    const report = await campaign({ packets: 40_000, seed: 20_261_122 });
    assert.ok(totalPackets(report.sent) >= 40_000);
    // That much was not only sent but read: else this would prove nothing.
    assert.ok(report.sent.answered > 1_500, `${report.sent.answered} answers`);
    assert.ok(report.badPackets > 1_500, `${report.badPackets} malformed packets were counted`);
    assert.ok(report.accepted > 100, `${report.accepted} actions of people meanwhile`);
  });
});

import type { LifeHistory } from './life.ts';
import { insideStore } from '../stored-rooms.ts';

/** Runs so long (virtual ms) before a deadline, after idle time was skipped, and at the beginning of an outage. */
const run = { before: 3_000, after: 1_600, outage: 8_000 };
/** Idle time shorter than this is not skipped. */
const worth = 25_000;
/** Where somebody is in a room, its owner renews the room's life some times a day. */
const renewed = 2 * 3_600_000;
/**
 * So long (virtual ms) of one stretch is run in full, should something always be due; then it is skipped whatever is
 * due.
 */
const most = 45_000;

/** Lets hours pass. Skips the time in which nothing happens: all else is run, above all each deadline of a room. */
export async function skipIdleTime(life: LifeHistory, ms: number): Promise<void> {
  const { clock } = life.world;
  const until = clock.mono() + ms;
  const { rooms } = insideStore(life.world).table;
  let ran = 0;
  await passRun(Math.min(ms, run.after)); // what was asked a moment ago is not held up for hours
  while (clock.mono() < until) {
    const left = until - clock.mono();
    const idle = Math.min(
      left,
      idleTime(left),
      life.devices.some(d => d.online && d.open.length > 0) ? renewed : Infinity,
    );
    if (idle >= worth && clock.skip(idle) > 0) await passRun(Math.min(until - clock.mono(), run.after));
    else await passRun(Math.min(left, 1_000));
  }

  function idleTime(left: number): number {
    // While the store is away nothing can be done about what is due. That it comes back is a timer that is not skipped.
    if (life.outage !== null) return clock.now() - life.outage.from >= run.outage ? left : 0;
    const due =
      Math.min(...[...rooms.values()].flatMap(r => (r.due !== null && r.expires > clock.now() ? [r.due] : []))) -
      clock.now() -
      run.before;
    if (ran > most) return Math.max(due, 600_000);
    return isUnsettled() ? 0 : due;
  }

  /**
   * A room shows a player as connected who is not. Its owner, or the node that claims it, finds that out within some
   * seconds.
   */
  function isUnsettled(): boolean {
    return [...life.ledgers.values()].some(({ id, doc }) => {
      const kept = rooms.get(id);
      return (
        kept?.occupied === true &&
        kept.expires > clock.now() &&
        !doc.hidden.seats.some(s => s && life.sitting(s.player, id).length > 0)
      );
    });
  }

  async function passRun(step: number): Promise<void> {
    if (step <= 0) return;
    ran += step;
    await clock.advance(step);
  }
}

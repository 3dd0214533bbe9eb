import { MemoryStore } from '../../server/store/memory-store.ts';
import { countingEntropy, StillClock } from '../unit/fixed.ts';
import { storeSuite } from './store-suite.ts';

storeSuite({
  name: 'memory',
  movable: true,
  open: async () => {
    const clock = new StillClock();
    return { store: new MemoryStore(clock, countingEntropy()), forward: ms => { clock.time += ms; } };
  },
  close: async () => {},
});

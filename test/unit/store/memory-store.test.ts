import { MemoryStore } from '../../../server/store/memory-store.ts';
import { countingEntropy, ManualClock } from '../manual-ports.ts';
import { offersSuite } from './offers-suite.ts';
import { storeSuite } from './store-suite.ts';

offersSuite({
  name: 'memory',
  moment: 100,
  open: async () => {
    const clock = new ManualClock();
    const store = new MemoryStore(clock, countingEntropy());
    return {
      store,
      pass: async ms => {
        clock.time += ms;
      },
      left: async () => (store.size > 0 ? [`${store.size} lines`] : []),
    };
  },
  close: async () => {},
});

storeSuite({
  name: 'memory',
  movable: true,
  open: async () => {
    const clock = new ManualClock();
    return {
      store: new MemoryStore(clock, countingEntropy()),
      forward: ms => {
        clock.time += ms;
      },
    };
  },
  close: async () => {},
});

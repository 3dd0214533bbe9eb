/** All who play, in a process of their own. First argument: what to do, as JSON. */
import { Records } from '../records.ts';
import { Crowd, type CrowdSize, type Hung } from './crowd.ts';
import { Meter, type Play } from './meter.ts';

export interface Order { url: string; folder: string; size: CrowdSize; seed: number }
/** What the lab tells this process, and hears from it. */
export type Word = { do: 'deafen'; count: number; ms: number } | { do: 'hang' } | { do: 'stop'; within: number };
export type News = { play: Play } | { stopped: number } | { hung: Hung };

const order = JSON.parse(process.argv[2] ?? '') as Order;
const records = new Records(order.folder, 'play');
const crowd = new Crowd(order.url, records, new Meter(), order.size, order.seed);
const tell = (news: News) => { if (process.connected) process.send!(news); };

crowd.start();
const beat = setInterval(() => tell({ play: crowd.play }), 100);
process.on('message', (word: Word) => {
  if (word.do === 'deafen') return crowd.deafen(word.count, word.ms);
  if (word.do === 'hang') return void crowd.hang().then(hung => tell({ hung }));
  void crowd.stop(word.within).then(left => {
    clearInterval(beat);
    records.close();
    tell({ play: crowd.play });
    tell({ stopped: left });
  });
});
process.on('disconnect', () => process.exit(0));

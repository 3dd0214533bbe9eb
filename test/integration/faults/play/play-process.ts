/** All who play, in a process of their own. First argument: what to do, as JSON. */
import { Records } from '../records.ts';
import { PlayWorkload, type PlayWorkloadSize, type HangResult } from './play-workload.ts';
import { PlayMeter, type PlayStats } from './play-meter.ts';

export interface PlayOrder {
  url: string;
  folder: string;
  size: PlayWorkloadSize;
  seed: number;
}
/** What the lab tells this process, and hears from it. */
export type PlayCommand = { do: 'deafen'; count: number; ms: number } | { do: 'hang' } | { do: 'stop'; within: number };
export type PlayReport = { play: PlayStats } | { stopped: number } | { hung: HangResult };

const order = JSON.parse(process.argv[2] ?? '') as PlayOrder;
const records = new Records(order.folder, 'play');
const crowd = new PlayWorkload(order.url, records, new PlayMeter(), order.size, order.seed);
const tell = (news: PlayReport) => {
  if (process.connected) process.send!(news);
};

crowd.start();
const beat = setInterval(() => tell({ play: crowd.play }), 100);
process.on('message', (word: PlayCommand) => {
  if (word.do === 'deafen') return crowd.stopReading(word.count, word.ms);
  if (word.do === 'hang') return void crowd.hang().then(hung => tell({ hung }));
  void crowd.stop(word.within).then(left => {
    clearInterval(beat);
    records.close();
    tell({ play: crowd.play });
    tell({ stopped: left });
  });
});
process.on('disconnect', () => process.exit(0));

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../../server/runtime/package-root.ts';
import { findSystem } from '../../../tools/local-cluster/system.ts';

/** What the example says at the end of its match. */
interface Played {
  seat: number;
  result: { ranking: number[][] };
  term: number;
}

/** The example client in Python takes a free seat of the room, and plays its match to the end. */
export function playInPython(url: string, room: string): { played: Promise<Played>; stop: () => Promise<unknown> } {
  const script = join(packageRoot, 'examples/python/four_in_a_row.py');
  const child = spawn(findSystem(['python3-socketio'])['python3-socketio'], [script, url, room], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (part: Buffer) => void (out += part.toString()));
  const closed = once(child, 'close');
  return {
    played: closed.then(() => JSON.parse(out) as Played),
    stop: () => (child.kill('SIGKILL'), closed),
  };
}

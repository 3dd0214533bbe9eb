/**
 * A node of the lab: the product's own, with the ledger beside the three games, a clock that can be set wrong, and
 * effects that are written down. FAULTS_DIR is where; a file `ledger.version` in it says which ledger a node runs that
 * is started, 1 if there is none.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoGames } from '../../../../server/cli/demo-games.ts';
import { runNode } from '../../../../server/cli/run-node.ts';
import type { AnyGame } from '../../../../shared/contract.ts';
import { ledgerOf } from './ledger.ts';
import { installAdjustableClock } from './adjustable-clock.ts';

const folder = process.env['FAULTS_DIR']!;
const name = process.env['NODE_NAME']!;
installAdjustableClock(join(folder, `${name}.clock`));

/** Written before the effect counts as done, as a host's own database would: who is killed in between does it again. */
function recorded(
  all: readonly AnyGame[],
): Record<string, Record<string, (data: unknown, about: { key: string; room: string; match: number }) => void>> {
  const write =
    (game: string, effect: string) =>
    (data: unknown, { key, room, match }: { key: string; room: string; match: number }) => {
      appendFileSync(
        join(folder, 'effects.jsonl'),
        `${JSON.stringify({ game, effect, room, match, key, data, node: name })}\n`,
      );
    };
  return Object.fromEntries(
    all.map(({ contract }) => [
      contract.name,
      Object.fromEntries(Object.keys(contract.def.effects ?? {}).map(effect => [effect, write(contract.name, effect)])),
    ]),
  );
}

const version = join(folder, 'ledger.version');
await runNode([...demoGames, ledgerOf(existsSync(version) ? Number(readFileSync(version, 'utf8')) : 1)], recorded);

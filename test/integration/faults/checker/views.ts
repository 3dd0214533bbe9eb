import { hashOf } from '../canonical.ts';
import { requireBranch, isTree, list, type Json, type Tree } from './json.ts';
import { ledgerIn } from './ledger.ts';

/**
 * What each game shows of its state to a seat, or to those who watch: said here a second time, by the games' own words.
 */
const shown: Record<string, (state: Tree, seat: number | null, ended: boolean) => Json> = {
  'four-in-a-row': state => state,
  arena: state => state,
  ledger: (state, seat) => {
    const { lines, rung, secrets } = ledgerIn(state);
    return { lines, rung, secret: seat === null ? null : (secrets[seat] ?? null) };
  },
  'liars-dice': ({ hands, ...open }, seat, ended) => ({
    ...open,
    dice: list(hands).map(hand => list(hand).length),
    hands: list(hands).map((hand, i) => (ended || i === seat ? hand : null)),
  }),
};
const hides = new Set(['ledger', 'liars-dice']);

/** Whether the checker knows what a game shows. */
export const isKnownGame = (game: string): boolean => game in shown;

/** Views of a document, each made once however many members share it. */
export class ExpectedViews {
  private readonly made = new Map<string, string>();
  constructor(
    private readonly game: string,
    private readonly doc: Tree,
  ) {}

  /** The hash of what a member sees. @param player null for who only watches */
  hash(player: string | null): string {
    const seat = this.seatOf(player);
    const key = hides.has(this.game) ? String(seat) : 'all';
    let hash = this.made.get(key);
    if (hash === undefined) {
      const state = this.doc['state']!;
      const ended = requireBranch(this.doc, 'room')['phase'] === 'ended';
      hash = hashOf({ room: this.doc['room'], state: isTree(state) ? shown[this.game]!(state, seat, ended) : null });
      this.made.set(key, hash);
    }
    return hash;
  }

  private seatOf(player: string | null): number | null {
    if (player === null) return null;
    const at = list(requireBranch(this.doc, 'hidden')['seats']).findIndex(s => isTree(s) && s['player'] === player);
    return at < 0 ? null : at;
  }
}

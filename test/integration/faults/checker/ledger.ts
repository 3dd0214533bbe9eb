import { requireBranch, isTree, list, type Json, type Tree } from './json.ts';

/**
 * A ledger, whichever version wrote it: even ones keep it elsewhere. Each is empty where the state is of another game.
 */
export function ledgerIn(state: Tree): { lines: Json[]; rung: Json[]; secrets: Json[] } {
  if (!('pages' in state))
    return { lines: list(state['lines']), rung: list(state['rung']), secrets: list(state['secrets']) };
  const pages = requireBranch(state, 'pages');
  return {
    lines: list(pages['lines']),
    rung: list(pages['rung']),
    secrets: list(state['kept']).map(kept => (isTree(kept) ? kept['word']! : '')),
  };
}

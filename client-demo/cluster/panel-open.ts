import { Cell } from '../common/cell.ts';
import { shared } from '../common/storage.ts';

const key = 'rejoin.panel';
const remembered = shared.getItem(key);

/** Whether the cluster is shown beside the table: as it was left, at first where there is room for it. */
export const panelOpen = new Cell(
  remembered === null ? matchMedia('(min-width: 1100px)').matches : remembered === 'open',
);
panelOpen.subscribe(() => shared.setItem(key, panelOpen.value ? 'open' : 'closed'));

import { size } from '../game/contract.ts';
import { h } from './dom.ts';
import type { Table } from './session.ts';

export function createBoard(table: Table, onRefused: (code: string) => void): { element: HTMLElement; stop(): void } {
  const cells = Array.from({ length: size * size }, (_, cell) =>
    h('button', { className: 'cell', onclick: () => place(cell) }),
  );
  const element = h('div', { className: 'grid' }, ...cells);
  element.style.setProperty('--hand', `var(--seat-${table.seat ?? 0})`);

  async function place(cell: number): Promise<void> {
    if (table.state?.cells[cell] !== null || table.info.phase !== 'playing') return;
    const result = await table.act.place({ cell });
    if (!result.ok) onRefused(result.code);
  }

  function draw(): void {
    const { state, info, seat } = table;
    element.classList.toggle('is-yours', info.phase === 'playing' && state?.turn === seat);
    for (const [cell, button] of cells.entries()) {
      const stone = state?.cells[cell] ?? null;
      if (stone === null) delete button.dataset.stone;
      else button.dataset.stone = String(stone);
      button.classList.toggle('is-last', state?.last === cell);
      button.classList.toggle('is-winning', state?.row.includes(cell) ?? false);
      button.ariaLabel = `Row ${Math.floor(cell / size) + 1}, column ${(cell % size) + 1}: ${
        stone === null ? 'empty' : (info.seats[stone]?.name ?? 'a stone')
      }`;
    }
  }

  draw();
  return { element, stop: table.onChange(draw) };
}

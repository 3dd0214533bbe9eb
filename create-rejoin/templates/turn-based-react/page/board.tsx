import type { CSSProperties } from 'react';
import { useChanges } from 'rejoin/react';
import { size } from '../game/contract.ts';
import type { Table } from './session.ts';

const empty = Array.from({ length: size * size }, () => null);

export function Board({ table, onRefused }: { table: Table; onRefused(code: string): void }) {
  useChanges(table);
  const { state, info, seat } = table;
  const isYours = info.phase === 'playing' && state?.turn === seat;

  async function place(cell: number): Promise<void> {
    if (state?.cells[cell] !== null || info.phase !== 'playing') return;
    const result = await table.act.place({ cell });
    if (!result.ok) onRefused(result.code);
  }

  return (
    <div
      className={isYours ? 'grid is-yours' : 'grid'}
      style={{ '--hand': `var(--seat-${seat ?? 0})` } as CSSProperties}
    >
      {(state?.cells ?? empty).map((stone, cell) => (
        <button
          key={cell}
          className={['cell', state?.last === cell && 'is-last', state?.row.includes(cell) && 'is-winning']
            .filter(Boolean)
            .join(' ')}
          data-stone={stone ?? undefined}
          aria-label={`Row ${Math.floor(cell / size) + 1}, column ${(cell % size) + 1}: ${
            stone === null ? 'empty' : (info.seats[stone]?.name ?? 'a stone')
          }`}
          onClick={() => void place(cell)}
        />
      ))}
    </div>
  );
}

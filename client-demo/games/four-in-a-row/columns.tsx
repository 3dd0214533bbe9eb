import { useRef, useState } from 'preact/hooks';
import { columns, rows, type Four } from '../../../shared/games/four-in-a-row/contract.ts';

interface ColumnsProps {
  board: Four['board'];
  names: readonly string[];
  /** Whether a disc may be dropped. */
  active: boolean;
  /** The column under the pointer or the focus, or null. */
  onAim(column: number | null): void;
  onDrop(column: number): void;
}

/** A button for each column. The group is one tab stop; arrow keys move between columns. */
export function Columns({ board, names, active, onAim, onDrop }: ColumnsProps) {
  const [at, setAt] = useState(3);
  const group = useRef<HTMLDivElement>(null);

  function steer(event: KeyboardEvent): void {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: columns - 1 }[event.key];
    if (to === undefined || to < 0 || to >= columns) return;
    event.preventDefault();
    setAt(to);
    (group.current?.children[to] as HTMLElement | undefined)?.focus();
  }

  return (
    <div
      class="four-columns"
      role="group"
      aria-label="Columns"
      ref={group}
      onKeyDown={steer}
      onPointerLeave={() => onAim(null)}
    >
      {Array.from({ length: columns }, (_, column) => (
        <button
          key={column}
          type="button"
          class="four-column"
          tabIndex={column === at ? 0 : -1}
          aria-disabled={!active}
          aria-label={describe(board, column, names)}
          data-testid={`column-${column + 1}`}
          onClick={() => {
            if (active) onDrop(column);
          }}
          onPointerEnter={event => {
            if (event.pointerType === 'mouse') onAim(column);
          }}
          onFocus={event => {
            setAt(column);
            if (event.currentTarget.matches(':focus-visible')) onAim(column);
          }}
          onBlur={() => onAim(null)}
        />
      ))}
    </div>
  );
}

/** The content of a column, for screen readers. */
function describe(board: Four['board'], column: number, names: readonly string[]): string {
  const discs = Array.from({ length: rows }, (_, r) => board[(rows - 1 - r) * columns + column]).filter(
    seat => seat !== null && seat !== undefined,
  );
  if (discs.length === 0) return `Column ${column + 1}, empty`;
  return `Column ${column + 1}${discs.length === rows ? ', full' : ''}, from the bottom: ${discs.map(seat => names[seat]).join(', ')}`;
}

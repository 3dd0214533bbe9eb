import { useEffect, useState } from 'preact/hooks';
import { moveRefusedText } from '../../common/refusal-text.ts';
import type { TableProps } from '../common/table-game.ts';
import { Board } from './board.tsx';
import { asFour } from './four-room.ts';

/** The board and the controls that drop discs. */
export function FourTable({ room: anyRoom, startRequest, showToast }: TableProps) {
  const room = asFour(anyRoom);
  const { state, info, seat } = room;
  const [sent, setSent] = useState<{ column: number; moves: number } | null>(null);
  const moves = state?.moves ?? 0;
  const pending = sent && sent.moves === moves ? sent.column : null;
  const mayDrop = info.phase === 'playing' && seat !== null && state?.turn === seat && room.ended === null;

  async function drop(column: number): Promise<void> {
    if (!mayDrop || pending !== null) return;
    setSent({ column, moves });
    const answered = startRequest();
    const said = await room.act.drop({ column });
    answered();
    if (said.ok) return;
    setSent(null);
    const words = moveRefusedText(said.code);
    if (words !== null) showToast(words);
  }

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement;
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !/^[1-7]$/.test(event.key)) return;
      event.preventDefault();
      void drop(Number(event.key) - 1);
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });

  return (
    <Board
      board={state?.board ?? null}
      last={state?.last ?? null}
      line={state?.line ?? null}
      match={info.match}
      hand={mayDrop ? seat : null}
      pending={pending}
      names={info.seats.map(s => s?.name ?? 'free')}
      onDrop={column => void drop(column)}
    />
  );
}

import type { ArenaRoomLike, ScoreRow } from './arena-room.ts';
import type { TableProps } from '../common/table-game.ts';
import { total } from '../../../shared/games/arena/standings.ts';
import { seatMarks } from '../common/seat-marks.ts';

/** The color and mark of a craft. */
export function CraftToken({ seat }: { seat: number }) {
  return (
    <svg class="craft-token" viewBox="-100 -100 200 200" aria-hidden="true">
      <circle r="94" style={{ fill: `var(--craft-${seat})` }} />
      <path d={seatMarks[seat]} />
    </svg>
  );
}

/** The scores in seat order: a list that reorders itself is hard to read at a glance. */
export function ScoreList({ room, tag }: { room: ArenaRoomLike; tag: TableProps['tag'] }) {
  const { state: s, info } = room;
  return (
    <ul class="arena-scores" aria-label="Gems">
      {info.seats.map((player, seat) => {
        const pilot = s?.pilots[seat];
        if (!player || pilot?.gone) return null;
        const down = (s?.phase === 'play' && (pilot?.back ?? 0) > 0) || !player.here;
        return (
          <li
            key={seat}
            class={`arena-score ${seat === room.seat ? 'is-mine' : ''} ${down ? 'is-down' : ''}`}
            data-testid={`score-${seat}`}
            style={{ '--own': `var(--craft-${seat})` }}
          >
            {tag(seat)}
            <b class="arena-gems">{pilot ? total(pilot) : 0}</b>
          </li>
        );
      })}
    </ul>
  );
}

/** The scores between rounds and at the end. */
export function ScoreTable({ title, rows, note }: { title: string; rows: readonly ScoreRow[]; note: string }) {
  return (
    <section class="arena-standings" aria-label={title}>
      <h2>{title}</h2>
      <ol>
        {rows.map(row => (
          <li key={row.seat} class={row.mine ? 'is-mine' : ''}>
            <span class="arena-place">{row.place}</span>
            <CraftToken seat={row.seat} />
            <span class="arena-name">{row.name}</span>
            <b class="arena-gems">{row.total}</b>
          </li>
        ))}
      </ol>
      <p>{note}</p>
    </section>
  );
}

import { useCell, useRedrawInterval } from '../common/cell.ts';
import { go } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';

/** The way back to a table, as long as the seat there is held. */
export function KeptSeatCard({ session }: { session: PageSession }) {
  useCell(session.visit);
  const { kept } = session.seats;
  useRedrawInterval(500, kept !== null);
  if (!kept) return null;
  return (
    <p class="kept" data-testid="kept-seat">
      <span>
        Your seat at table <b>{kept.code}</b> is kept for {Math.ceil((kept.until - Date.now()) / 1000)} s.
      </span>
      <button
        type="button"
        class="button is-small is-primary"
        onClick={() => go({ page: 'room', id: kept.id, watch: false })}
      >
        Back to it
      </button>
    </p>
  );
}

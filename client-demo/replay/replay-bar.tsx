import { useMemo, useState } from 'preact/hooks';
import { useCell, useSources } from '../common/cell.ts';
import { copyText } from '../common/clipboard.ts';
import { originForOthers } from '../session/config.ts';
import type { TableGame } from '../games/common/table-game.ts';
import { Logo } from '../common/logo.tsx';
import { subscribeOutsideScene } from '../room/outside-scene.ts';
import { BackIcon, LinkIcon } from '../common/icons.tsx';
import { go, linkTo } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';

/** Above a replay: its title, a link to it, and the way back home or to the table. */
export function ReplayBar({
  session,
  id,
  match,
  game,
}: {
  session: PageSession;
  id: string;
  match: number;
  game: TableGame | null;
}) {
  const origin = originForOthers(useCell(session.config)) ?? location.origin;
  const [said, setSaid] = useState('');
  async function copy(): Promise<void> {
    if (await copyText(linkTo({ page: 'replay', room: id, match }, origin))) setSaid('Copied');
    else session.toaster.show('Copy the address of this page: it is the link.');
    setTimeout(() => setSaid(''), 2_500);
  }
  return (
    <header class="bar">
      <a class="bar-home" href="#/" aria-label="Rejoin: home">
        <BackIcon />
        <Logo />
      </a>
      {game && <p class="bar-game">{game.title}</p>}
      <p class="replay-badge">Replay</p>
      <span class="bar-gap" />
      {game && (
        <button type="button" class="button is-small replay-copy" data-testid="copy-link" onClick={() => void copy()}>
          <LinkIcon />
          <span>{said || 'Copy link'}</span>
        </button>
      )}
      <Back session={session} id={id} match={match} />
      <p class="unseen" role="status">
        {said && 'Link copied'}
      </p>
    </header>
  );
}

/** The way back to the table, which stays open. Says when the next match has begun. */
function Back({ session, id, match }: { session: PageSession; id: string; match: number }) {
  const visit = useCell(session.visit);
  const room = visit?.room?.id === id && visit.room.ended === null ? visit.room : null;
  useSources(useMemo(() => room && subscribeOutsideScene(room), [room]));
  if (!room || !visit?.route)
    return (
      <button type="button" class="button is-small" onClick={() => go({ page: 'home' })}>
        Home
      </button>
    );
  const { route } = visit;
  const goesOn = room.info.phase === 'playing' && room.info.match !== match;
  return (
    <button
      type="button"
      class={`button is-small ${goesOn ? 'is-primary' : ''}`}
      data-testid="to-table"
      onClick={() => go(route)}
    >
      {goesOn ? 'The next match is on' : 'To the table'}
    </button>
  );
}

import { useState } from 'preact/hooks';
import type { Room } from '../../client/index.ts';
import { gameOf } from '../games/games.ts';
import { useHeadingFocus } from '../common/focus.ts';
import { go } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';
import type { Visit } from '../session/visit.ts';
import { refusalTextFor } from '../common/refusal-text.ts';
import { Ranking } from './ranking.tsx';
import { hasLeft, describeMatchOutcome } from './seat-text.ts';

/** The result of the match, and the way to the next one. */
export function Ended({ session, visit, room }: { session: PageSession; visit: Visit; room: Room }) {
  const game = gameOf(room);
  const both = visit.other.value !== null;
  const heading = useHeadingFocus(room.info.match);
  const others = room.info.seats.filter((_s, i) => i !== room.seat);
  const alone = others.every(s => s === null || hasLeft(s));
  const me = room.seat === null ? null : room.players[room.seat]!;
  const many = (room.info.result?.ranking.flat().length ?? 0) > 2;
  return (
    <section class="story" aria-label="Result">
      <h2 class="story-title" data-testid="result" ref={heading} tabIndex={-1}>
        {describeMatchOutcome(room, both ? null : room.seat)}
      </h2>
      {!(many && game.ownStandings) && (
        <p class="soft">
          {game.ending(room)} {game.contract.def.start === 'host' ? '' : describeRematchVotes(room, both)}
        </p>
      )}
      {many && !game.ownStandings && <Ranking room={room} />}
      <div class="row">
        {me && alone && (
          <button type="button" class="button is-primary" onClick={() => void session.enterRoom(visit.nextRequest)}>
            Find another game
          </button>
        )}
        {me &&
          !alone &&
          (game.contract.def.start === 'host' ? (
            <NextMatch session={session} room={room} />
          ) : (
            <Rematch visit={visit} room={room} />
          ))}
        {game.contract.def.replay && (
          <button
            type="button"
            class="button"
            data-testid="watch-replay"
            onClick={() => go({ page: 'replay', room: room.id, match: room.info.match })}
          >
            Watch the replay
          </button>
        )}
        <button type="button" class="button" onClick={() => go({ page: 'home' })}>
          Home
        </button>
      </div>
    </section>
  );
}

function describeRematchVotes(room: Room, both: boolean): string {
  if (both || room.seat === null) return '';
  const me = room.players[room.seat];
  const others = room.info.seats.filter((s, i) => s !== null && i !== room.seat && !hasLeft(s));
  const asking = others.filter(s => s!.rematch && !s!.bot).map(s => s!.name);
  const missing = others.filter(s => !s!.rematch && !s!.bot).map(s => s!.name);
  if (me?.rematch && missing.length > 0) return `Waiting for ${missing.join(', ')}.`;
  return asking.length > 0 && !me?.rematch
    ? `${asking.join(', ')} ${asking.length > 1 ? 'want' : 'wants'} a rematch.`
    : '';
}

/** A rematch that needs everybody's consent. */
function Rematch({ visit, room }: { visit: Visit; room: Room }) {
  const [asked, setAsked] = useState(false);
  const me = room.players[room.seat!]!;
  const done = asked || me.rematch;
  function rematch(): void {
    if (done) return;
    setAsked(true);
    void Promise.all([room.rematch(), visit.other.value?.rematch()]).finally(() => setAsked(false));
  }
  return (
    <button type="button" class="button is-primary" aria-disabled={done} onClick={rematch}>
      {me.rematch ? 'Rematch asked' : 'Rematch'}
    </button>
  );
}

/** At a large table the host starts the next match with those who agreed. */
function NextMatch({ session, room }: { session: PageSession; room: Room }) {
  const [asked, setAsked] = useState(false);
  const { host } = room.info;
  const { min } = gameOf(room).contract.def.seats;
  const enough = room.info.seats.filter(s => s !== null && !(s.out && !s.here)).length >= min;
  if (room.seat !== host)
    return (
      <p class="story-wait">
        {host === null ? '' : `${room.players[host]?.name ?? 'The host'} begins the next match.`}
      </p>
    );
  function start(): void {
    setAsked(true);
    void room
      .start()
      .then(said => {
        if (!said.ok) session.toaster.show(refusalTextFor(said.code).text);
      })
      .finally(() => setAsked(false));
  }
  return (
    <button
      type="button"
      class="button is-primary"
      disabled={asked || !enough}
      data-testid="next-match"
      onClick={start}
    >
      Next match
    </button>
  );
}

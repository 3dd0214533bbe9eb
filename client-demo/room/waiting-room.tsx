import { useRef, useState } from 'preact/hooks';
import type { Room, RefusalCode, ActionResult } from '../../client/index.ts';
import { gameOf } from '../games/games.ts';
import { useFocusHandover, useHeadingFocus } from '../common/focus.ts';
import type { PageSession } from '../session/page-session.ts';
import type { Visit } from '../session/visit.ts';
import { refusalTextFor } from '../common/refusal-text.ts';
import { EmoteBar } from './emote-bar.tsx';
import type { Emotes } from './emotes.ts';
import { Invite } from './invite.tsx';
import { WaitingSeat } from './waiting-seat.tsx';

interface WaitingRoomProps {
  session: PageSession;
  visit: Visit;
  room: Room;
  emotes: Emotes;
}

/** Before the match: who is here, how to invite others, and when it starts. */
export function WaitingRoom({ session, visit, room, emotes }: WaitingRoomProps) {
  const [busy, setBusy] = useState(false);
  const { info } = room;
  const game = gameOf(room);
  const { min, max } = game.contract.def.seats;
  const seated = info.seats.filter(seat => seat !== null).length;
  const hosts = room.seat !== null && room.seat === info.host;
  const gather = useRef<HTMLElement>(null);
  const heading = useHeadingFocus(null);
  // The focused button disappears together with its free seat.
  useFocusHandover(gather, '[data-testid="add-bot"]:enabled, [data-testid="start"]:enabled', `${seated} ${busy}`);

  /** Runs one request at a time, and shows a refusal. */
  async function ask(deed: Promise<ActionResult<RefusalCode>>): Promise<void> {
    setBusy(true);
    const said = await deed;
    setBusy(false);
    if (!said.ok && room.ended === null) session.toaster.show(refusalTextFor(said.code).text);
  }

  return (
    <>
      <section class="gather" aria-labelledby="gather-title" ref={gather}>
        <header class="gather-head">
          <h1 class="story-title" id="gather-title" ref={heading} tabIndex={-1}>
            {game.title}
          </h1>
          <p class="soft">
            {seated} of {max} here{seated < min ? `, ${min} make a match` : ''}
          </p>
        </header>
        <ul class="gather-seats">
          {info.seats.map((seat, i) => (
            <WaitingSeat
              key={i}
              room={room}
              index={i}
              seat={seat}
              hosts={hosts}
              busy={busy}
              emotes={emotes}
              onBot={i === info.seats.indexOf(null) ? () => void ask(room.addBot()) : null}
              onKick={() => void ask(room.kick(i))}
              onHost={() => void ask(room.makeHost(i))}
            />
          ))}
        </ul>
        <div class="gather-start">
          {game.contract.def.start === 'ready' ? (
            <Ready room={room} busy={busy} ask={ask} />
          ) : (
            <Start room={room} hosts={hosts} enough={seated >= min} busy={busy} watching={visit.watching} ask={ask} />
          )}
        </div>
        <EmoteBar room={room} emotes={emotes} />
      </section>
      {!visit.watching && <Invite session={session} room={room} onBoth={null} />}
    </>
  );
}

type Ask = (deed: Promise<ActionResult<RefusalCode>>) => Promise<void>;

function Start({
  room,
  hosts,
  enough,
  busy,
  watching,
  ask,
}: {
  room: Room;
  hosts: boolean;
  enough: boolean;
  busy: boolean;
  watching: boolean;
  ask: Ask;
}) {
  const { host } = room.info;
  if (!hosts)
    return (
      <p class="gather-wait" data-testid="story">
        Waiting for {host === null ? 'a host' : (room.players[host]?.name ?? 'the host')} to start
        {watching ? '. You are watching.' : ''}
      </p>
    );
  return (
    <>
      <button
        type="button"
        class="button is-primary is-big"
        data-testid="start"
        disabled={!enough || busy}
        onClick={() => void ask(room.start())}
      >
        Start
      </button>
      <p class="soft" data-testid="story">
        {enough ? 'You are the host: start when everybody is here.' : 'Invite somebody, or add a bot.'}
      </p>
    </>
  );
}

function Ready({ room, busy, ask }: { room: Room; busy: boolean; ask: Ask }) {
  const me = room.seat === null ? null : room.players[room.seat];
  if (!me) return <p class="gather-wait">It begins when everybody is ready.</p>;
  return (
    <>
      <button
        type="button"
        class={`button is-big ${me.ready ? '' : 'is-primary'}`}
        aria-pressed={me.ready}
        data-testid="ready"
        disabled={busy}
        onClick={() => void ask(room.ready(!me.ready))}
      >
        {me.ready ? 'Not ready after all' : 'I am ready'}
      </button>
      <p class="soft" data-testid="story">
        It begins when everybody is ready.
      </p>
    </>
  );
}

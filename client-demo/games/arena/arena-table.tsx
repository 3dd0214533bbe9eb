import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TableProps } from '../common/table-game.ts';
import { hz, isOpen } from '../../../shared/games/arena/ground.ts';
import { asArena, secondsLeft, displayKey, scoreRows, type ArenaRoomLike } from './arena-room.ts';
import { ArenaScene } from './arena-scene.ts';
import { ScoreList, ScoreTable } from './score-list.tsx';

/** The arena with its clock, scores, stick and dash button. */
export function ArenaTable({ room: anyRoom, tag }: TableProps) {
  const room = asArena(anyRoom);
  const root = useRef<HTMLDivElement>(null);
  const pad = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scene = useRef<ArenaScene | null>(null);
  // The state changes 20 times a second; texts are rendered only when they change.
  const [, redraw] = useState('');
  useEffect(() => room.onChange(() => redraw(displayKey(room))), [room]);
  useEffect(() => {
    const made = new ArenaScene(room, { root: root.current!, pad: pad.current!, canvas: canvas.current! });
    scene.current = made;
    return () => made.stop();
  }, [room]);
  const now = displayKey(room);
  const words = useMemo(
    () => ({
      head: <RoundHeader room={room} />,
      list: <ScoreList room={room} tag={tag} />,
      over: <MatchResult room={room} />,
      said: <ArenaAnnouncer room={room} />,
    }),
    [room, now],
  );
  const plays = room.seat !== null;
  return (
    <div
      class={`arena ${plays ? 'is-played' : ''}`}
      ref={root}
      data-testid="arena"
      data-phase={room.state?.phase ?? 'waiting'}
      data-round={room.state?.round ?? 0}
    >
      {words.head}
      {words.list}
      <div class="arena-pad" ref={pad}>
        <div class="arena-ground">
          <canvas
            ref={canvas}
            width="2"
            height="2"
            role="img"
            aria-label="The arena, seen from above: craft, gems and the rim around them"
          />
          {words.over}
        </div>
        {plays && (
          <div class="arena-hands">
            <p class="arena-hint">
              <span class="for-fingers">Drag anywhere to steer</span>
              <span class="for-keys">
                <kbd>W A S D</kbd> or arrows to steer, <kbd>Space</kbd> to dash
              </span>
            </p>
            <button
              type="button"
              class="arena-dash"
              data-testid="dash"
              onPointerDown={event => {
                event.preventDefault();
                scene.current?.dash();
              }}
              onClick={event => {
                if (event.detail === 0) scene.current?.dash();
              }}
            >
              Dash
            </button>
          </div>
        )}
        <span class="arena-stick" aria-hidden="true">
          <i />
        </span>
      </div>
      {words.said}
    </div>
  );
}

function RoundHeader({ room }: { room: ArenaRoomLike }) {
  const { state: s, info } = room;
  const left = s?.phase === 'play' ? secondsLeft(s) : s?.phase === 'ready' ? info.options.seconds : 0;
  const open = s !== null && isOpen(s, s.tick);
  const closes = s?.phase === 'play' && !open ? Math.ceil((s.closes - s.tick) / hz) : 0;
  return (
    <div class={`arena-head ${open ? 'is-open' : ''}`}>
      <p class="arena-round">
        Round {s?.round ?? 1} of {info.options.rounds}
      </p>
      <p class="arena-notice">{open ? 'The rim is open!' : closes > 0 && closes <= 3 ? 'The rim opens…' : ''}</p>
      <p class="arena-clock">
        <span class="unseen">Time left: </span>
        {Math.floor(left / 60)}:{String(left % 60).padStart(2, '0')}
      </p>
    </div>
  );
}

/** The text over the arena between rounds. */
function MatchResult({ room }: { room: ArenaRoomLike }) {
  const { state: s, info } = room;
  if (!s || info.phase === 'waiting') return null;
  if (info.phase === 'ended' || s.phase === 'over')
    return (
      <ScoreTable
        title="Final standings"
        rows={scoreRows(room)}
        note={info.options.rounds === 1 ? 'After one round' : `After ${s.round} rounds`}
      />
    );
  switch (s.phase) {
    case 'ready':
      return (
        <p class="arena-count" key={secondsLeft(s)} aria-hidden="true">
          {secondsLeft(s)}
        </p>
      );
    case 'pause':
      return (
        <ScoreTable
          title={`After round ${s.round}`}
          rows={scoreRows(room)}
          note={`Round ${s.round + 1} begins in ${secondsLeft(s)}`}
        />
      );
    case 'play':
      return null;
  }
}

/** The score for screen readers: at intervals, and when a round begins or ends. */
function ArenaAnnouncer({ room }: { room: ArenaRoomLike }) {
  const { state: s } = room;
  const text = useRef({ about: '', text: '' });
  const about = s
    ? `${room.info.phase} ${s.round} ${s.phase} ${s.phase === 'play' ? Math.ceil(secondsLeft(s) / 15) : ''} ${isOpen(s, s.tick)}`
    : '';
  if (s && about !== text.current.about) text.current = { about, text: summary(room) };
  return (
    <p class="unseen" aria-live="polite">
      {text.current.text}
    </p>
  );
}

function summary(room: ArenaRoomLike): string {
  const s = room.state!;
  const scores = scoreRows(room)
    .map(row => `${row.name} ${row.total}`)
    .join(', ');
  switch (s.phase) {
    case 'ready':
      return `Round ${s.round} of ${room.info.options.rounds} begins in ${secondsLeft(s)} seconds.`;
    case 'play':
      return isOpen(s, s.tick)
        ? `The rim is open and comes in. ${scores}.`
        : `${secondsLeft(s)} seconds left. ${scores}.`;
    case 'pause':
      return `Round ${s.round} is over. ${scores}.`;
    case 'over':
      return `The match is over. ${scores}.`;
  }
}

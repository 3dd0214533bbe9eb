import { useRef, useState } from 'preact/hooks';
import { matches, rank, type Bid } from '../../../shared/games/liars-dice/contract.ts';
import { useFocusHandover } from '../../common/focus.ts';
import { moveRefusedText } from '../../common/refusal-text.ts';
import type { TableProps } from '../common/table-game.ts';
import { Composer } from './composer.tsx';
import { Cup, seatColorStyle } from './cup.tsx';
import { asDice, type DiceRoom } from './dice-room.ts';
import { Die } from './die.tsx';
import { Stage } from './stage.tsx';
import { describeRefusedBid } from './dice-text.ts';

/** The other players' cups, the bid, one's own dice, and the controls. */
export function DiceTable({ room: anyRoom, startRequest, showToast, tag }: TableProps) {
  const room = asDice(anyRoom);
  const { state: view, info, seat } = room;
  const [sent, setSent] = useState<string | null>(null);
  // Dice that were there when the table was first shown do not roll.
  const roll = `${info.match}/${view?.round ?? 0}`;
  const shown = useRef(roll);
  const rolls = shown.current !== roll && view?.stage === 'bidding';
  // Identifies the bid to beat in this round. A move against an earlier bid has its verdict.
  const at = `${roll}/${view?.bid ? rank(view.bid, view.wild) : 0}`;
  const mayBid =
    info.phase === 'playing' && seat !== null && view?.stage === 'bidding' && view.turn === seat && room.ended === null;
  const active = mayBid && sent !== at;
  const table = useRef<HTMLDivElement>(null);
  // Each bid has a new form: the focus moves to it if it was in the last one.
  useFocusHandover(table, '[data-testid="bid"]:enabled, [data-testid="challenge"]:enabled', `${at} ${active}`);

  async function send(move: (act: DiceRoom['act']) => ReturnType<DiceRoom['act']['bid']>): Promise<void> {
    if (!active) return;
    setSent(at);
    const answered = startRequest();
    const said = await move(room.act);
    answered();
    if (said.ok) return;
    setSent(null);
    const own = describeRefusedBid(said.code);
    const words = own === undefined ? moveRefusedText(said.code) : own;
    if (words !== null) showToast(words);
  }

  const names = info.seats.map((s, i) => s?.name ?? `Seat ${i + 1}`);
  const ended = info.phase === 'ended';
  const reveal = view?.stage === 'reveal' ? view.last : null;
  const open = (i: number): readonly number[] | null => reveal?.hands[i] ?? view?.hands[i] ?? null;
  const asked: Bid | null = reveal?.bid ?? null;
  const own = seat === null ? null : open(seat);
  // In turn order after one's own seat; in seat order for spectators.
  const others = names
    .map((_, i) => (seat === null ? i : (seat + i) % names.length))
    .filter(i => i !== seat && info.seats[i] && (!view || i < view.dice.length));
  const total = view?.dice.reduce((a, b) => a + b, 0) ?? 0;

  return (
    <div
      class="dice"
      ref={table}
      data-testid="dice"
      data-stage={view?.stage ?? ''}
      data-round={view?.round ?? 0}
      data-turn={view?.turn ?? ''}
      data-hand={active ? seat : ''}
    >
      <section class="dice-felt" aria-label="Table">
        <ul class={`dice-cups has-${others.length}`}>
          {others.map(i => (
            <Cup
              key={i}
              seat={i}
              name={names[i]!}
              tag={tag(i)}
              note={noteOf(info.seats[i]!)}
              count={view ? view.dice[i]! : info.options.dice}
              open={open(i)}
              asked={asked}
              wild={view?.wild ?? false}
              bid={view?.bid?.seat === i ? view.bid : null}
              turn={info.phase === 'playing' && view?.stage === 'bidding' && view.turn === i}
              loses={reveal?.loser === i}
              rolls={rolls}
            />
          ))}
        </ul>
        <Stage view={view} voice={{ seat, names }} options={info.options} ended={ended} />
      </section>
      {view && seat !== null && own && !(ended && own.length === 0) && (
        <section
          class="dice-own"
          style={seatColorStyle(seat)}
          data-testid="my-dice"
          aria-label={own.length > 0 ? `Your dice: ${own.join(', ')}` : 'You are out'}
        >
          <span class="dice-me" aria-hidden="true">
            {tag(seat)}
          </span>
          {own.map((face, i) => (
            <Die
              key={`${roll}/${i}`}
              face={face}
              mark={asked && (matches(face, asked.face, view.wild) ? 'hit' : 'miss')}
              rolls={rolls ? i : null}
            />
          ))}
          {own.length === 0 && <p class="soft">You have no dice left. See who wins.</p>}
        </section>
      )}
      {view && seat !== null && info.phase === 'playing' && view.dice[seat]! > 0 && (
        <Composer
          key={at}
          over={view.bid}
          total={total}
          wild={view.wild}
          active={active}
          onBid={bid => void send(act => act.bid(bid))}
          onChallenge={() => void send(act => act.challenge())}
        />
      )}
    </div>
  );
}

function noteOf(seat: NonNullable<DiceRoom['players'][number]>): string {
  if (seat.out) return 'has left';
  return seat.here || seat.bot ? '' : 'away';
}

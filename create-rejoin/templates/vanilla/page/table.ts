import { createBoard } from './board.ts';
import { h, setText } from './dom.ts';
import { frameOf, stepLabels, take, type Frame, type SeatFrame } from './frame.ts';
import { leave, linkTo, type Table } from './session.ts';
import { explain, title } from './words.ts';

/** A table: the board, and what is around it. @param close shows the first screen */
export function tableScreen(table: Table, close: () => void): HTMLElement {
  const seats = h('ol', { className: 'seats' });
  const status = h('strong', {});
  const detail = h('small', {});
  const steps = h('div', { className: 'steps' });
  const code = h('button', { className: 'button code', title: 'Copy the link', onclick: copyLink });
  const board = createBoard(table, refusal => {
    notice = explain(refusal);
    draw();
    setTimeout(() => {
      notice = '';
      draw();
    }, 2_500);
  });
  const statusLine = h('p', { className: 'status', role: 'status' }, status, detail);
  const screen = h(
    'main',
    { className: 'table' },
    h(
      'header',
      { className: 'bar' },
      h('button', { className: 'button', textContent: 'Leave', onclick: goHome }),
      h('h1', {}, title),
      code,
    ),
    seats,
    h('section', { className: 'board' }, board.element),
    statusLine,
    steps,
  );

  let notice = '';
  let shown = '';
  function draw(): void {
    const frame = frameOf(table);
    const key = JSON.stringify([frame, notice]);
    if (key === shown) return;
    shown = key;
    screen.dataset.phase = frame.phase;
    setText(code, frame.code);
    setText(status, notice || frame.status);
    setText(detail, frame.secondsLeft === null || notice ? '' : `${frame.secondsLeft} s`);
    statusLine.classList.toggle('is-interrupted', frame.isInterrupted || notice !== '');
    seats.replaceChildren(...frame.seats.map(seatItem));
    steps.replaceChildren(...stepItems(frame));
  }

  function stepItems(frame: Frame): HTMLElement[] {
    if (frame.isOver) return [h('button', { className: 'button is-primary', onclick: goHome }, 'Back')];
    const buttons = frame.steps.map(step =>
      h(
        'button',
        { className: step === 'bot' ? 'button' : 'button is-primary', onclick: () => take(table, step) },
        stepLabels[step],
      ),
    );
    if (!frame.isOpen) return buttons;
    return [
      ...buttons,
      h(
        'section',
        { className: 'invite' },
        'Others join with this code',
        h('output', {}, frame.code),
        h('button', { className: 'button', onclick: copyLink }, 'Copy the link'),
      ),
    ];
  }

  async function copyLink(event: MouseEvent): Promise<void> {
    const button = event.currentTarget as HTMLButtonElement;
    const label = button.textContent;
    await navigator.clipboard.writeText(linkTo(table)).then(
      () => setText(button, 'Copied'),
      () => setText(button, 'Copy the address'),
    );
    setTimeout(() => setText(button, label ?? ''), 1_500);
  }

  function goHome(): void {
    for (const stop of stops) stop();
    leave(table);
    close();
  }

  const clock = setInterval(draw, 500); // the seconds left
  const stops = [table.onChange(draw), table.onStatus(draw), board.stop, () => clearInterval(clock)];
  draw();
  return screen;
}

function seatItem(seat: SeatFrame | null): HTMLElement {
  if (seat === null) return h('li', { className: 'seat is-free' }, h('b', {}, 'Free seat'));
  const classes = ['seat'];
  if (seat.isActive) classes.push('is-active');
  if (seat.isAway) classes.push('is-away');
  if (seat.isWinner) classes.push('is-winner');
  return h('li', { className: classes.join(' ') }, h('b', {}, seat.name), h('span', {}, seat.note));
}

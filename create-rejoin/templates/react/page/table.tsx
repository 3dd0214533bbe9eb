import { useEffect, useState } from 'react';
import { Board } from './board.tsx';
import { frameOf, stepLabels, take, type Frame, type SeatFrame } from './frame.ts';
import { leave, linkTo, type Table } from './session.ts';
import { explain, title } from './words.ts';

/** A table: the board, and what is around it. */
export function TableScreen({ table, onClose }: { table: Table; onClose(): void }) {
  const frame = useFrame(table);
  const [notice, setNotice] = useState('');
  useEffect(() => {
    if (notice === '') return;
    const timer = setTimeout(() => setNotice(''), 2_500);
    return () => clearTimeout(timer);
  }, [notice]);

  function close(): void {
    leave(table);
    onClose();
  }

  return (
    <main className="table" data-phase={frame.phase}>
      <header className="bar">
        <button className="button" onClick={close}>
          Leave
        </button>
        <h1>{title}</h1>
        <CopyLink table={table} className="button code" label={frame.code} />
      </header>
      <ol className="seats">
        {frame.seats.map((seat, i) => (
          <Seat key={i} seat={seat} />
        ))}
      </ol>
      <section className="board">
        <Board table={table} onRefused={code => setNotice(explain(code))} />
      </section>
      <p className={frame.isInterrupted || notice ? 'status is-interrupted' : 'status'} role="status">
        <strong>{notice || frame.status}</strong>
        <small>{frame.secondsLeft === null || notice ? '' : `${frame.secondsLeft} s`}</small>
      </p>
      <div className="steps">
        {frame.isOver ? (
          <button className="button is-primary" onClick={close}>
            Back
          </button>
        ) : (
          frame.steps.map(step => (
            <button
              key={step}
              className={step === 'bot' ? 'button' : 'button is-primary'}
              onClick={() => take(table, step)}
            >
              {stepLabels[step]}
            </button>
          ))
        )}
        {frame.isOpen && !frame.isOver && (
          <section className="invite">
            Others join with this code
            <output>{frame.code}</output>
            <CopyLink table={table} className="button" label="Copy the link" />
          </section>
        )}
      </div>
    </main>
  );
}

function Seat({ seat }: { seat: SeatFrame | null }) {
  if (seat === null)
    return (
      <li className="seat is-free">
        <b>Free seat</b>
      </li>
    );
  const classes = ['seat'];
  if (seat.isActive) classes.push('is-active');
  if (seat.isAway) classes.push('is-away');
  if (seat.isWinner) classes.push('is-winner');
  return (
    <li className={classes.join(' ')}>
      <b>{seat.name}</b>
      <span>{seat.note}</span>
    </li>
  );
}

function CopyLink({ table, className, label }: { table: Table; className: string; label: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => setSaid(''), 1_500);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      className={className}
      title="Copy the link"
      onClick={() =>
        void navigator.clipboard.writeText(linkTo(table)).then(
          () => setSaid('Copied'),
          () => setSaid('Copy the address'),
        )
      }
    >
      {said || label}
    </button>
  );
}

/** What is around the board. Renders only when that changes: a game may change 20 times a second. */
function useFrame(table: Table): Frame {
  const [frame, setFrame] = useState(() => JSON.stringify(frameOf(table)));
  useEffect(() => {
    const update = () => setFrame(JSON.stringify(frameOf(table)));
    const clock = setInterval(update, 500); // the seconds left
    const stops = [table.onChange(update), table.onStatus(update), () => clearInterval(clock)];
    update();
    return () => {
      for (const stop of stops) stop();
    };
  }, [table]);
  return JSON.parse(frame) as Frame;
}

import { interpolate, predictOwn } from 'rejoin/predict';
import { field, speed, type Arena, type Runner } from '../game/contract.ts';
import { move } from '../game/motion.ts';
import { readSteering } from './steering.ts';
import type { Table } from './session.ts';

type Position = { x: number; y: number };

/** What moves, and how fast: for showing others evenly, and oneself without delay. */
const motion = {
  tick: (s: Arena) => s.tick,
  things: (s: Arena): Record<string, Position> =>
    Object.fromEntries(s.runners.flatMap((runner, seat) => (runner ? [[seat, { x: runner.x, y: runner.y }]] : []))),
  fastest: { x: speed, y: speed },
};

/** Draws the match on a canvas, and sends what the player does. @returns a function that stops it */
export function startArena(canvas: HTMLCanvasElement, table: Table): () => void {
  const others = interpolate(table, motion);
  // The page runs its own player's tick ahead of the server. A difference is corrected gradually.
  const own = predictOwn(
    table,
    {
      tick(s, ctx) {
        s.tick += 1;
        const runner = s.runners[ctx.seat];
        if (runner) move(runner, ctx.inputs[ctx.seat]?.steer ?? null);
      },
    },
    motion,
  );
  const stopSteering = readSteering(canvas, steer => {
    if (table.seat !== null && table.info.phase === 'playing') own.input.steer(steer);
  });
  const colors = Array.from({ length: 6 }, (_, seat) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--seat-${seat}`).trim(),
  );

  let frame = requestAnimationFrame(function next(now) {
    draw(now);
    frame = requestAnimationFrame(next);
  });

  function draw(now: number): void {
    const pen = canvas.getContext('2d')!;
    const side = Math.round(canvas.clientWidth * Math.min(2, devicePixelRatio));
    if (canvas.width !== side) canvas.width = canvas.height = side;
    pen.setTransform(side / field.side, 0, 0, side / field.side, 0, 0);
    pen.clearRect(0, 0, field.side, field.side);
    const seen = others.at(now);
    if (!seen) return;
    for (const [i, gem] of seen.state.gems.entries()) drawGem(pen, gem, now / 1_000 + i);
    const mine = own.at(now)?.thing ?? null;
    for (const [seat, runner] of seen.state.runners.entries()) {
      if (!runner) continue;
      const isOwn = seat === table.seat;
      const at = (isOwn ? mine : null) ?? seen.things[seat] ?? runner;
      drawRunner(pen, at, { color: colors[seat] ?? '#888', isOwn, runner, name: table.info.seats[seat]?.name ?? '' });
    }
  }

  return () => {
    cancelAnimationFrame(frame);
    stopSteering();
    others.stop();
    own.stop();
  };
}

function drawGem(pen: CanvasRenderingContext2D, { x, y }: Position, time: number): void {
  const size = field.gem * (1 + 0.1 * Math.sin(time * 3));
  pen.fillStyle = '#ffd75e';
  pen.strokeStyle = '#fff6d8';
  pen.lineWidth = 4;
  pen.beginPath();
  pen.moveTo(x, y - size * 1.25);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size * 1.25);
  pen.lineTo(x - size, y);
  pen.closePath();
  pen.fill();
  pen.stroke();
}

function drawRunner(
  pen: CanvasRenderingContext2D,
  { x, y }: Position,
  { color, isOwn, runner, name }: { color: string; isOwn: boolean; runner: Runner; name: string },
): void {
  pen.fillStyle = 'rgb(0 0 0 / 0.3)';
  pen.beginPath();
  pen.ellipse(x, y + field.runner * 0.9, field.runner * 0.9, field.runner * 0.3, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = color;
  pen.strokeStyle = isOwn ? '#fff' : 'rgb(255 255 255 / 0.35)';
  pen.lineWidth = isOwn ? 6 : 3;
  pen.beginPath();
  pen.arc(x, y, field.runner, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.fillStyle = '#fff';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.font = '700 30px system-ui, sans-serif';
  pen.fillText(String(runner.gems), x, y + 2);
  pen.font = '600 26px system-ui, sans-serif';
  pen.fillStyle = 'rgb(255 255 255 / 0.85)';
  pen.fillText(isOwn ? 'You' : name, x, y < 90 ? y + field.runner + 26 : y - field.runner - 22);
}

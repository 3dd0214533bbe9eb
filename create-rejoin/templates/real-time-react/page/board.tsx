import { useEffect, useRef } from 'react';
import { startArena } from './arena.ts';
import type { Table } from './session.ts';

export function Board({ table }: { table: Table; onRefused(code: string): void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => startArena(canvas.current!, table), [table]);
  return <canvas ref={canvas} className="arena" />;
}

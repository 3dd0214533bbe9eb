import { startArena } from './arena.ts';
import { h } from './dom.ts';
import type { Table } from './session.ts';

export function createBoard(table: Table, _onRefused: (code: string) => void): { element: HTMLElement; stop(): void } {
  const element = h('canvas', { className: 'arena' });
  return { element, stop: startArena(element, table) };
}

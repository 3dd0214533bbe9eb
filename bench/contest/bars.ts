import { niceStep } from '../chart.ts';
import type { Summary } from './figures.ts';
import { formatNumber } from './report.ts';

/** A row of bars: a name, a median with its quartiles, and whether it is one of ours. */
export interface Bar {
  name: string;
  value: Summary;
  ours: boolean;
}
export interface Bars {
  title: string;
  unit: string;
  bars: readonly Bar[];
}

const size = { width: 960, left: 420, right: 90, row: 24, head: 46, foot: 26 };
const escape = (text: string): string => text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

/**
 * Horizontal bars, one group below the other, as one SVG that reads on light and dark pages. Whiskers are quartiles.
 */
export function barCharts(title: string, groups: readonly Bars[]): string {
  let y = 40;
  const parts = groups.map(group => {
    const at = y;
    y += size.head + group.bars.length * size.row + size.foot;
    return `<g transform="translate(0 ${at})">${renderGroup(group)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${y}" width="${size.width}" height="${y}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escape(title)}">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="16" y="24" font-size="15" font-weight="600" fill="#111827">${escape(title)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function renderGroup({ title, unit, bars }: Bars): string {
  const most = Math.max(...bars.map(b => b.value.q3), 1e-9);
  const step = niceStep(most, 5);
  const wide = size.width - size.left - size.right;
  const end = Math.ceil(most / step) * step;
  const x = (value: number) => (size.left + (value / end) * wide).toFixed(1);
  const bottom = size.head + bars.length * size.row;
  const grid = Array.from(
    { length: Math.round(end / step) + 1 },
    (_g, i) =>
      `<line x1="${x(i * step)}" x2="${x(i * step)}" y1="${size.head - 6}" y2="${bottom}" stroke="#e5e7eb"/><text x="${x(i * step)}" y="${bottom + 14}" text-anchor="middle" fill="#6b7280">${Number((i * step).toFixed(4))}</text>`,
  );
  const rows = bars.map(({ name, value, ours }, i) => {
    const y = size.head + i * size.row;
    const middle = y + 8;
    return [
      `<text x="${size.left - 8}" y="${y + 12}" text-anchor="end" fill="#374151">${escape(name)}</text>`,
      `<rect x="${size.left}" y="${y}" width="${(Number(x(value.median)) - size.left).toFixed(1)}" height="16" fill="${ours ? '#2563eb' : '#9ca3af'}"/>`,
      `<line x1="${x(value.q1)}" x2="${x(value.q3)}" y1="${middle}" y2="${middle}" stroke="#111827" stroke-width="1.5"/>`,
      `<text x="${Number(x(Math.max(value.q3, value.median))) + 6}" y="${y + 12}" fill="#111827">${formatNumber(value.median)}</text>`,
    ].join('');
  });
  return [
    `<text x="16" y="22" font-weight="600" fill="#111827">${escape(title)} <tspan font-weight="400" fill="#6b7280">${escape(unit)}</tspan></text>`,
    ...grid,
    ...rows,
  ].join('');
}

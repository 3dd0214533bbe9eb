import type { RunResult } from '../run-faults.ts';

const width = 1200;
const left = 60;
const right = 20;
const top = 30;
const areaHeight = 150;
const row = 16;

/** Colours that differ in light as well as in hue, given to the kinds in turn. */
const colours = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#7a5195',
  '#bc5090',
  '#4d7c0f',
  '#b45309',
  '#0f766e',
  '#9f1239',
];
const escape = (text: string): string => text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

/**
 * A run as a picture: actions accepted each second, and below them, a line for each kind, the faults, and how long play
 * stood still.
 */
export function renderTimeline({ began, ended, struck, measured }: RunResult): string {
  const seconds = Math.max(1, (ended - began) / 1000);
  const x = (at: number) => left + ((at - began) / 1000 / seconds) * (width - left - right);
  const most = Math.max(10, ...measured.perSecond);
  const y = (n: number) => top + areaHeight - (n / most) * areaHeight;
  const kinds = [...new Set(struck.map(s => s.kind))].filter(kind => kind !== 'nothing').sort();
  const colour = (kind: string) => colours[kinds.indexOf(kind) % colours.length]!;
  const bottom = top + areaHeight + 20;
  const height = bottom + kinds.length * row + 50;
  const points = measured.perSecond
    .map((n, i) => `${x(began + (i + 0.5) * 1000).toFixed(1)},${y(n).toFixed(1)}`)
    .join(' ');
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600].find(s => seconds / s <= 16) ?? 1_200;
  const parts: string[] = [];
  for (const s of struck) {
    if (s.kind === 'nothing') continue;
    parts.push(
      `<rect x="${x(s.at).toFixed(1)}" y="${top}" width="${Math.max(1, x(s.healed) - x(s.at)).toFixed(1)}" height="${areaHeight}" fill="${colour(s.kind)}" opacity="0.13"/>`,
    );
  }
  parts.push(`<polygon points="${left},${y(0)} ${points} ${width - right},${y(0)}" fill="#64748b" opacity="0.55"/>`);
  for (const n of [0, Math.round(most / 2), most])
    parts.push(`<text x="${left - 6}" y="${(y(n) + 4).toFixed(1)}" text-anchor="end">${n}</text>`);
  kinds.forEach((kind, i) => {
    const at = bottom + i * row;
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${at + row / 2}" y2="${at + row / 2}" stroke="#e2e8f0"/>`);
    struck.forEach((s, fault) => {
      if (s.kind !== kind) return;
      const still = measured.longest[fault]!;
      const title = `${kind}${s.what === '' ? '' : `: ${s.what}`}; longest interruption ${(still.ms / 1000).toFixed(2)} s (${still.game})`;
      parts.push(
        `<g><title>${escape(title)}</title><rect x="${x(s.at).toFixed(1)}" y="${at + 2}" width="${Math.max(2, x(s.healed) - x(s.at)).toFixed(1)}" height="${row - 4}" fill="${colour(kind)}" rx="2"/>`,
      );
      if (still.ms > 0)
        parts.push(
          `<line x1="${x(still.from).toFixed(1)}" x2="${Math.max(x(still.from) + 1, x(still.from + still.ms)).toFixed(1)}" y1="${at + row / 2}" y2="${at + row / 2}" stroke="#111827" stroke-width="2.5"/>`,
        );
      parts.push('</g>');
    });
  });
  const axis = bottom + kinds.length * row + 6;
  for (let s = 0; s <= seconds; s += steps)
    parts.push(
      `<line x1="${x(began + s * 1000).toFixed(1)}" x2="${x(began + s * 1000).toFixed(1)}" y1="${top}" y2="${axis}" stroke="#cbd5e1" stroke-dasharray="2 4"/><text x="${x(began + s * 1000).toFixed(1)}" y="${axis + 14}" text-anchor="middle">${s < 600 ? `${s} s` : `${s / 60} min`}</text>`,
    );
  // Names last, on a ground of their own: bars may begin under them.
  kinds.forEach((kind, i) =>
    parts.push(
      `<text x="${left + 2}" y="${bottom + i * row + 12}" fill="${colour(kind)}" font-weight="bold" paint-order="stroke" stroke="#fff" stroke-width="3">${kind}</text>`,
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#334155">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="18" font-size="13">Actions accepted each second; below, the faults by kind. Black: the longest that a room stood still around a fault.</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

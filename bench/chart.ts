/** A line of a chart: its name, and its points in the order of x. */
export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}
/** A chart of lines over one x axis. `marks`: moments at which something happened. */
export interface Chart {
  title: string;
  unit: string;
  series: readonly Series[];
  marks?: readonly number[];
}

const colors = ['#2563eb', '#d97706', '#059669', '#9333ea', '#dc2626', '#0891b2'];
const size = { width: 860, height: 190, left: 64, right: 16, top: 34, bottom: 26 };

const escape = (text: string): string => text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

/** A round number at or above, of which a few make a readable axis. */
export function niceStep(span: number, steps: number): number {
  const rough = span / steps || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map(n => n * power).find(step => step >= rough)!;
}

const label = (value: number): string =>
  Math.abs(value) >= 10_000 ? `${(value / 1000).toFixed(0)}k` : String(Number(value.toFixed(2)));

/** Charts below each other, as one SVG that reads on light and dark pages. `x`: what the common axis counts. */
export function charts(title: string, x: string, list: readonly Chart[]): string {
  const height = list.length * size.height + 44;
  const body = list.map(
    (chart, i) => `<g transform="translate(0 ${40 + i * size.height})">${renderChart(chart, x)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escape(title)}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="16" y="24" font-size="15" font-weight="600" fill="#111827">${escape(title)}</text>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function renderChart({ title, unit, series, marks = [] }: Chart, x: string): string {
  const all = series.flatMap(s => s.points);
  const last = Math.max(...all.map(p => p[0]), ...marks, 1);
  const step = niceStep(Math.max(...all.map(p => p[1]), 1e-9), 4);
  const top = Math.ceil(Math.max(...all.map(p => p[1]), step) / step) * step;
  const [w, h] = [size.width - size.left - size.right, size.height - size.top - size.bottom];
  const at = (px: number, py: number): [string, string] => [
    (size.left + (px / last) * w).toFixed(1),
    (size.top + h - (py / top) * h).toFixed(1),
  ];
  const rows = Array.from({ length: Math.round(top / step) + 1 }, (_x, i) => {
    const [, y] = at(0, i * step);
    return `<line x1="${size.left}" x2="${size.left + w}" y1="${y}" y2="${y}" stroke="#e5e7eb"/><text x="${size.left - 8}" y="${Number(y) + 4}" text-anchor="end" fill="#6b7280">${label(i * step)}</text>`;
  });
  const across = niceStep(last, 8);
  const columns = Array.from({ length: Math.floor(last / across) + 1 }, (_x, i) => {
    const [px] = at(i * across, 0);
    return `<text x="${px}" y="${size.top + h + 16}" text-anchor="middle" fill="#6b7280">${label(i * across)}${i === 0 ? ` ${x}` : ''}</text>`;
  });
  const lines = marks.map(m => {
    const [px] = at(m, 0);
    return `<line x1="${px}" x2="${px}" y1="${size.top}" y2="${size.top + h}" stroke="#dc2626" stroke-dasharray="2 3" opacity="0.5"/>`;
  });
  const drawn = series.map(
    (s, i) =>
      `<polyline fill="none" stroke="${colors[i % colors.length]}" stroke-width="1.6" stroke-linejoin="round" points="${s.points.map(([px, py]) => at(px, py).join()).join(' ')}"/>`,
  );
  let from = size.left + w;
  const legend = [...series].reverse().map((s, i) => {
    const colour = colors[(series.length - 1 - i) % colors.length];
    from -= s.name.length * 6.6 + 24;
    return `<line x1="${from}" x2="${from + 12}" y1="18" y2="18" stroke="${colour}" stroke-width="3"/><text x="${from + 16}" y="22" fill="#374151">${escape(s.name)}</text>`;
  });
  return [
    `<text x="16" y="22" font-weight="600" fill="#111827">${escape(title)} <tspan font-weight="400" fill="#6b7280">${escape(unit)}</tspan></text>`,
    ...rows,
    ...columns,
    ...lines,
    ...drawn,
    ...legend,
  ].join('');
}

/** Colors of the arena, read from the style sheet (light or dark). */
export interface Palette {
  floor: string;
  floorDeep: string;
  line: string;
  rim: string;
  open: string;
  depth: string;
  gem: string;
  gemDeep: string;
  star: string;
  starDeep: string;
  text: string;
  edge: string;
  crafts: string[];
}

export function readPalette(root: Element): Palette {
  const style = getComputedStyle(root);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    floor: of('arena-floor'),
    floorDeep: of('arena-floor-deep'),
    line: of('arena-line'),
    rim: of('arena-rim'),
    open: of('arena-open'),
    depth: of('arena-depth'),
    gem: of('arena-gem'),
    gemDeep: of('arena-gem-deep'),
    star: of('arena-star'),
    starDeep: of('arena-star-deep'),
    text: of('arena-text'),
    edge: of('arena-edge'),
    crafts: Array.from({ length: 8 }, (_, seat) => of(`craft-${seat}`)),
  };
}

export const star = (points: number, outer: number, inner: number): [x: number, y: number][] =>
  Array.from({ length: points * 2 }, (_, i) => {
    const far = i % 2 === 0 ? outer : inner;
    const angle = (i * Math.PI) / points - Math.PI / 2;
    return [Math.cos(angle) * far, Math.sin(angle) * far];
  });

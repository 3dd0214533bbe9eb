/** One voice of a sound: a tone that may glide, or filtered noise. Units: seconds and Hz. */
export type Voice =
  | { is: 'tone'; wave: OscillatorType; from: number; to?: number; at?: number; for: number; loud: number }
  | { is: 'noise'; band: number; sharp?: number; at?: number; for: number; loud: number };

const tone = (
  wave: OscillatorType,
  from: number,
  length: number,
  loud: number,
  more: { to?: number; at?: number } = {},
): Voice => ({ is: 'tone', wave, from, for: length, loud, ...more });
const noise = (band: number, length: number, loud: number, more: { at?: number; sharp?: number } = {}): Voice => ({
  is: 'noise',
  band,
  for: length,
  loud,
  ...more,
});
/** The same voice several times. */
const often = (times: number, apart: number, voice: (i: number) => Voice): Voice[] =>
  Array.from({ length: times }, (_x, i) => ({ ...voice(i), at: i * apart }));

/** Every sound of the page, synthesized: there are no audio files. */
export const sounds = {
  turn: [tone('sine', 660, 0.12, 0.25), tone('sine', 880, 0.18, 0.25, { at: 0.09 })],
  won: often(4, 0.1, i => tone('triangle', [523, 659, 784, 1047][i]!, 0.26, 0.28)),
  lost: often(3, 0.14, i => tone('triangle', [392, 349, 294][i]!, 0.3, 0.22)),
  over: [tone('triangle', 523, 0.2, 0.22), tone('triangle', 523, 0.3, 0.2, { at: 0.16 })],
  drop: [
    noise(900, 0.05, 0.5, { at: 0.3 }),
    tone('sine', 190, 0.14, 0.6, { to: 110, at: 0.3 }),
    noise(1_400, 0.03, 0.18, { at: 0.42 }),
  ],
  shake: often(7, 0.07, i => noise(2_200 + (i % 3) * 500, 0.045, 0.3, { sharp: 2 })),
  bid: [tone('square', 440, 0.05, 0.1), tone('square', 587, 0.07, 0.1, { at: 0.06 })],
  reveal: [noise(1_600, 0.12, 0.35), tone('sawtooth', 220, 0.3, 0.14, { to: 330, at: 0.04 })],
  gem: [tone('sine', 988, 0.07, 0.2), tone('sine', 1_319, 0.12, 0.2, { at: 0.06 })],
  star: often(3, 0.06, i => tone('sine', [988, 1_319, 1_760][i]!, 0.14, 0.22)),
  robbed: [tone('triangle', 494, 0.16, 0.22, { to: 247 })],
  dash: [noise(1_100, 0.2, 0.3, { sharp: 0.7 })],
  bump: [tone('sine', 150, 0.16, 0.6, { to: 60 }), noise(500, 0.08, 0.4)],
  fall: [tone('triangle', 440, 0.5, 0.26, { to: 70 })],
  go: [tone('square', 784, 0.22, 0.12)],
} as const satisfies Record<string, readonly Voice[]>;

export type SoundName = keyof typeof sounds;
export type Play = (sound: SoundName) => void;

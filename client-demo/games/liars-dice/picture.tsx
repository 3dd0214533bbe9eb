import { useEffect, useState } from 'preact/hooks';
import { Die } from './die.tsx';

const rolls = [
  [1, 5, 5],
  [3, 6, 2],
  [6, 6, 1],
  [4, 2, 4],
];
const pace = 3_200;

/** A decorative cup, and dice that roll repeatedly. */
export function DicePicture() {
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setRound(n => n + 1);
    }, pace);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="picture-dice" aria-hidden="true">
      <svg class={`picture-cup ${round > 0 ? 'is-shaking' : ''}`} key={`cup ${round}`} viewBox="0 0 100 84">
        <path class="cover-body" d="M24 6H76a6 6 0 0 1 6 5L94 72a6 6 0 0 1-6 7H12a6 6 0 0 1-6-7L18 11a6 6 0 0 1 6-5Z" />
        <path class="cover-band" d="M13.500 34H86.500L89.500 49H10.500Z" />
      </svg>
      <span class="picture-throw">
        {rolls[round % rolls.length]!.map((face, i) => (
          <Die key={`${round}/${i}`} face={face} rolls={round > 0 ? i : null} />
        ))}
      </span>
    </div>
  );
}

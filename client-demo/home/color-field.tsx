import { useCell } from '../common/cell.ts';
import { colors } from '../common/colors.ts';
import type { PageSession } from '../session/page-session.ts';

/** The player's color at every table: a group of radio buttons. */
export function ColorField({ session }: { session: PageSession }) {
  const mine = useCell(session.color);
  return (
    <fieldset class="colours" data-testid="colours" data-colour={mine}>
      <legend class="unseen">Your colour</legend>
      {colors.map(colour => (
        <label
          key={colour}
          class="swatch"
          title={capitalize(colour)}
          style={{
            '--own': `var(--${colour})`,
            '--own-light': `var(--${colour}-light)`,
            '--own-deep': `var(--${colour}-deep)`,
          }}
        >
          <input
            type="radio"
            name="colour"
            value={colour}
            checked={colour === mine}
            aria-label={capitalize(colour)}
            onChange={() => session.setColor(colour)}
          />
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M6.500 12.500 10.500 16.500 17.500 8.500" />
          </svg>
        </label>
      ))}
    </fieldset>
  );
}

const capitalize = (colour: string): string => colour[0]!.toUpperCase() + colour.slice(1);

import { useMemo } from 'preact/hooks';
import type { GameDescription } from '../../shared/dev-protocol.ts';
import type { JsonObject } from '../../shared/json.ts';
import { Logo } from '../common/logo.tsx';
import { ValueField } from './fields.tsx';
import { setupFor, type Setup } from './setup.ts';
import { shapeOf } from './shape.ts';

interface Props {
  games: readonly GameDescription[];
  guests: boolean;
  setup: Setup;
  change(setup: Setup): void;
  start(): void;
}

/** Which game to play, and with how many clients. */
export function SetupForm({ games, guests, setup, change, start }: Props) {
  const game = games.find(g => g.name === setup.game)!;
  const shape = useMemo(() => shapeOf(game.options), [game]);
  const count = (label: string, value: number, least: number, most: number, set: (n: number) => void) => (
    <label class="set-up-line">
      <span>{label}</span>
      <input
        type="number"
        min={least}
        max={most}
        value={value}
        onInput={event => {
          const n = Number(event.currentTarget.value);
          if (Number.isInteger(n) && n >= least && n <= most) set(n);
        }}
      />
      <span class="soft">
        {least} – {most}
      </span>
    </label>
  );
  const { min, max } = game.seats;
  return (
    <main class="set-up">
      <form
        onSubmit={event => {
          event.preventDefault();
          start();
        }}
      >
        <h1 class="set-up-head">
          <Logo />
          <span class="top-dev">dev</span>
        </h1>
        <label class="set-up-line">
          <span>Game</span>
          <select
            value={game.name}
            onChange={event => change(setupFor(games.find(g => g.name === event.currentTarget.value)!))}
          >
            {games.map(g => (
              <option key={g.name} value={g.name}>
                {g.name}
              </option>
            ))}
          </select>
        </label>
        <p class="soft set-up-facts">
          v{game.version} · {min === max ? `${min} seats` : `${min} to ${max} seats`} · begins{' '}
          {game.start === 'full'
            ? 'when it is full'
            : game.start === 'ready'
              ? 'when all are ready'
              : 'when the host says so'}
          {game.tick === null ? '' : ` · ${game.tick} ticks a second`}
          {game.views ? ' · each seat has its own view' : ''}
        </p>
        {count('Clients with a seat', setup.seats, 1, max, seats => change({ ...setup, seats }))}
        {game.bots && count('Bots', setup.bots, 0, max - 1, bots => change({ ...setup, bots }))}
        <label class="set-up-line">
          <span>A spectator, too</span>
          <input
            type="checkbox"
            checked={setup.spectator}
            onChange={event => change({ ...setup, spectator: event.currentTarget.checked })}
          />
        </label>
        {!guests && (
          <label class="set-up-line is-tall">
            <span>Tokens, one a line</span>
            <textarea
              rows={setup.seats}
              placeholder="The server has its own accounts"
              onInput={event =>
                change({ ...setup, tokens: event.currentTarget.value.split('\n').map(line => line.trim()) })
              }
            />
          </label>
        )}
        {!(shape.is === 'object' && shape.fields.length === 0) && (
          <fieldset key={game.name} class="set-up-options">
            <legend>Options</legend>
            <ValueField
              shape={shape}
              value={{ ...(shape.initial as JsonObject | undefined), ...setup.options }}
              label="option"
              onChange={options => change({ ...setup, options: (options ?? {}) as JsonObject })}
            />
          </fieldset>
        )}
        <button type="submit" class="key is-strong is-big">
          Open the room
        </button>
      </form>
    </main>
  );
}

import type { WindowPlayer } from './session/identity.ts';
import { Logo } from './common/logo.tsx';
import type { OtherWindow } from './session/windows.ts';

/** The table in the address is open in another window already: who is this one meant to be? */
export function DuplicateWindowPrompt({
  twin,
  onChoose,
  onWatch,
}: {
  twin: OtherWindow;
  onChoose(player: WindowPlayer): void;
  onWatch(): void;
}) {
  const twinIs: WindowPlayer = twin.player === 'own' ? 'own' : 'shared';
  return (
    <div class="room">
      <header class="bar">
        <Logo />
      </header>
      <main class="away">
        <section class="remedies" data-testid="same-table">
          <h1 class="story-title">This table is open in another window</h1>
          <p class="soft">A player has one seat, and it goes to one window.</p>
          <div class="row">
            {twin.room?.open && (
              <button type="button" class="button is-primary" onClick={() => onChoose('own')}>
                Sit down opposite
              </button>
            )}
            {twinIs === 'shared' && (
              <button
                type="button"
                class={`button ${twin.room?.open ? '' : 'is-primary'}`}
                onClick={() => onChoose('shared')}
              >
                Play here instead
              </button>
            )}
            <button type="button" class="button" onClick={onWatch}>
              Watch
            </button>
          </div>
        </section>
      </main>
    </div>
  );
}

import { go, type Route } from '../session/route.ts';
import type { PageRemedy, RefusalText } from '../common/refusal-text.ts';

/** Why there is no replay, and what to do. */
export function NoReplay({ id, words, onAgain }: { id: string; words: RefusalText; onAgain(): void }) {
  const to = (route: Route) => () => go(route);
  const labels: Partial<Record<PageRemedy, [string, () => void]>> = {
    watch: ['Watch the game', to({ page: 'room', id, watch: true })],
    again: ['Try again', onAgain],
    reload: ['Reload', () => location.reload()],
    home: ['Home', to({ page: 'home' })],
  };
  const known = words.remedies.flatMap(remedy => {
    const label = labels[remedy];
    return label ? [label] : [];
  });
  return (
    <section class="remedies" role="alert" data-testid="refusal">
      <h1 class="story-title">{words.title}</h1>
      <p class="soft">{words.text}</p>
      <div class="row">
        {known.map(([label, act], i) => (
          <button key={label} type="button" class={`button ${i === 0 ? 'is-primary' : ''}`} onClick={act}>
            {label}
          </button>
        ))}
      </div>
    </section>
  );
}

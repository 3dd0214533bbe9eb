import { useHeadingFocus } from '../common/focus.ts';
import { go, replaceRoute } from '../session/route.ts';
import type { PageSession } from '../session/page-session.ts';
import type { Visit } from '../session/visit.ts';
import type { PageRemedy, RefusalText } from '../common/refusal-text.ts';

/** Why the stay at a table ended, and what to do. */
export function Remedies({ session, visit, words }: { session: PageSession; visit: Visit; words: RefusalText }) {
  const heading = useHeadingFocus(words.title);
  // Texts differ for visitors who had a seat and those who never had one.
  const why =
    session.identityLost && words.remedies.includes('watch')
      ? 'The server does not know you any more, so a seat you had here is not yours now. '
      : '';
  const labels: Record<PageRemedy, [string, () => void]> = {
    watch: [
      'Watch the game',
      () =>
        void visit.watchInstead().then(() => {
          if (visit.route) replaceRoute(visit.route);
        }),
    ],
    play: ['Find another game', () => void session.enterRoom(visit.nextRequest)],
    home: ['Home', () => go({ page: 'home' })],
    again: ['Try again', () => void visit.enter()],
    here: ['Play here instead', () => void visit.reenter()],
    reload: ['Reload', () => location.reload()],
  };
  return (
    <section class="remedies" role="alert" data-testid="refusal">
      <h1 class="story-title" ref={heading} tabIndex={-1}>
        {words.title}
      </h1>
      <p class="soft">
        {why}
        {words.text}
      </p>
      <div class="row">
        {words.remedies.map((remedy, i) => {
          const [label, act] = labels[remedy];
          return (
            <button key={remedy} type="button" class={`button ${i === 0 ? 'is-primary' : ''}`} onClick={act}>
              {label}
            </button>
          );
        })}
      </div>
    </section>
  );
}

import { go, replaceRoute } from '../route.ts';
import type { Session } from '../session.ts';
import type { Visit } from '../visit.ts';
import type { Remedy, Words } from '../words.ts';

/** Why it does not go on, and what now. */
export function Remedies({ session, visit, words }: { session: Session; visit: Visit; words: Words }) {
  const labels: Record<Remedy, [string, () => void]> = {
    watch: ['Watch the game', () => void visit.watchInstead().then(() => { if (visit.route) replaceRoute(visit.route); })],
    play: ['Find another game', () => void session.begin(visit.another)],
    home: ['Home', () => go({ page: 'home' })],
    again: ['Try again', () => void visit.enter()],
    here: ['Play here instead', () => void visit.again()],
    reload: ['Reload', () => location.reload()],
  };
  return (
    <section class="remedies" role="alert" data-testid="refusal">
      <h2 class="story-title">{words.title}</h2>
      <p class="soft">{words.text}</p>
      <div class="row">
        {words.remedies.map((remedy, i) => {
          const [label, act] = labels[remedy];
          return <button key={remedy} type="button" class={`button ${i === 0 ? 'is-primary' : ''}`} onClick={act}>{label}</button>;
        })}
      </div>
    </section>
  );
}

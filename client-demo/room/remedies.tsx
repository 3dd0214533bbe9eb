import { useLanding } from '../landing.ts';
import { go, replaceRoute } from '../route.ts';
import type { Session } from '../session.ts';
import type { Visit } from '../visit.ts';
import type { Remedy, Words } from '../words.ts';

/** Why it does not go on, and what now. */
export function Remedies({ session, visit, words }: { session: Session; visit: Visit; words: Words }) {
  const heading = useLanding(words.title);
  // What a table says to those who never sat there would be riddles to who did.
  const why = session.forgotten && words.remedies.includes('watch') ? 'The server does not know you any more, so a seat you had here is not yours now. ' : '';
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
      <h1 class="story-title" ref={heading} tabIndex={-1}>{words.title}</h1>
      <p class="soft">{why}{words.text}</p>
      <div class="row">
        {words.remedies.map((remedy, i) => {
          const [label, act] = labels[remedy];
          return <button key={remedy} type="button" class={`button ${i === 0 ? 'is-primary' : ''}`} onClick={act}>{label}</button>;
        })}
      </div>
    </section>
  );
}

import { unnoticed, type Disturbance } from './pulse.ts';

/** What was done to the cluster, and how long play stood still for it. */
export function Disturbances({ list }: { list: readonly Disturbance[] }) {
  return (
    <section class="disturbances" aria-live="polite" data-testid="disturbances">
      {list.length === 0 && <p class="soft">Disturb a node, and this page measures how long play stands still.</p>}
      {list.map(d => (
        <p key={d.id} class="disturbance" data-done={d.done}>
          <span>{d.what}</span>
          <b>{d.failed ?? outcome(d)}</b>
        </p>
      ))}
    </section>
  );
}

function outcome({ done, still }: Disturbance): string {
  if (!done && still <= unnoticed) return 'measuring…';
  return still <= unnoticed ? `no pause (under ${unnoticed} ms)` : `stood still for ${still} ms`;
}

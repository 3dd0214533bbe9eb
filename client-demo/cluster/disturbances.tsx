import { unnoticed, type Disturbance } from './pulse.ts';

/** What was done to the cluster, and how long play stood still for it: the last one large, those before it below. */
export function Disturbances({ list }: { list: readonly Disturbance[] }) {
  return (
    <section class="disturbances" aria-live="polite" data-testid="disturbances">
      {list.length === 0 && <p class="disturbances-none">Kill or freeze a node below. This page measures how long play stands still.</p>}
      {list.map(d => (
        <p key={d.id} class="disturbance" data-done={d.done}>
          <span>{d.what}</span>
          <b>{d.failed ?? outcome(d)}</b>
        </p>
      ))}
    </section>
  );
}

function outcome({ done, still }: Disturbance) {
  if (!done && still <= unnoticed) return 'measuring…';
  return still <= unnoticed ? `no pause (under ${unnoticed} ms)` : <>stood still for <em>{still} ms</em></>;
}

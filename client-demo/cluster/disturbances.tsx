import { unnoticeableMs, type Disturbance } from './room-probe.ts';

/** Disturbances of the cluster with the interruption of play: the last one large, earlier ones below. */
export function Disturbances({ list }: { list: readonly Disturbance[] }) {
  return (
    <section class="disturbances" aria-live="polite" data-testid="disturbances">
      {list.length === 0 && (
        <p class="disturbances-none">Kill or freeze a node below. This page measures how long play stands still.</p>
      )}
      {list.map(d => (
        <p key={d.id} class="disturbance" data-done={d.done}>
          <span>{d.what}</span>
          <b>{d.failed ?? describeOutcome(d)}</b>
        </p>
      ))}
    </section>
  );
}

function describeOutcome({ done, interruptionMs }: Disturbance) {
  if (!done && interruptionMs <= unnoticeableMs) return 'measuring…';
  return interruptionMs <= unnoticeableMs ? (
    `no pause (under ${unnoticeableMs} ms)`
  ) : (
    <>
      stood still for <em>{interruptionMs} ms</em>
    </>
  );
}

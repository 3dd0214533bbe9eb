import { useState } from 'preact/hooks';
import type { RerunReport, RulesStatus } from '../../shared/dev-protocol.ts';
import { useCell } from '../common/cell.ts';
import { changedPaths } from './change-tracker.ts';
import { ChangedPathText } from './journal-view.tsx';
import type { RoomPoller } from './room-poller.ts';

/** When the rules were last loaded, why they could not be, and what this room would have been under them. */
export function RulesView({ watch, room, show }: { watch: RoomPoller; room: string; show(seq: number): void }) {
  const rules = useCell(watch.snapshot)?.rules;
  const [report, setReport] = useState<RerunReport | string | null>(null);
  if (!rules) return null;
  const rerun = async () => {
    try {
      const reply = (await (await fetch(`rooms/${room}/rerun.json`)).json()) as
        | RerunReport
        | { ok: false; detail?: string };
      setReport(reply.ok ? reply : (reply.detail ?? 'the commands could not be run again'));
    } catch {
      setReport('the server does not answer');
    }
  };
  return (
    <section class="rules-box" aria-label="Rules">
      <header class="box-head">
        <h2>Rules</h2>
        <span class="soft" data-testid="rules" data-loads={rules.loads}>
          {loadText(rules)}
        </span>
        <button
          type="button"
          class="key"
          title="Runs this room's commands again under the present rules, and compares each entry"
          onClick={() => void rerun()}
        >
          Run again
        </button>
      </header>
      {rules.problem !== null && (
        <div class="trouble" role="alert" data-testid="rules-problem">
          <strong>Not reloaded; the rules before still run.</strong>
          <pre>{rules.problem}</pre>
        </div>
      )}
      {report !== null && (
        <div class="rerun" data-testid="rerun" role="status">
          {typeof report === 'string' ? report : <Report report={report} show={show} />}
          <button type="button" class="tiny" aria-label="Close the result" onClick={() => setReport(null)}>
            ×
          </button>
        </div>
      )}
    </section>
  );
}

function Report({ report: { from, to, differs }, show }: { report: RerunReport; show(seq: number): void }) {
  if (from === null) return <span>No entry can be run again: its commands ran on another node.</span>;
  if (!differs)
    return (
      <span>
        Entries #{from} to #{to}: the same.
      </span>
    );
  return (
    <span>
      <button type="button" class="link" onClick={() => show(differs.seq)}>
        Entry #{differs.seq}
      </button>{' '}
      ({differs.commands.join(', ')}) is the first that differs. Under these rules:{' '}
      {changedPaths(differs.changes).map(change => (
        <ChangedPathText key={change.path} deed={change} />
      ))}
      {differs.events && <span>events {JSON.stringify(differs.events)}</span>}
      {differs.failures.map(failure => (
        <b key={failure}> {failure}</b>
      ))}
    </span>
  );
}

function loadText({ loads, at, ms, rooms }: RulesStatus): string {
  if (at === null) return 'as at the start';
  const time = new Date(at).toLocaleTimeString([], { hour12: false });
  return `reloaded at ${time} in ${ms} ms: ${rooms} ${rooms === 1 ? 'room' : 'rooms'}${loads > 1 ? `, reload ${loads}` : ''}`;
}

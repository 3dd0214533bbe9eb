import { useCell } from '../common/cell.ts';
import type { PaneLogEntry, Pane } from './pane.ts';

const entrySymbols: Record<PaneLogEntry['kind'], string> = { event: '◆', signal: '❝', said: '→', line: '·' };
const clockText = (at: number) => new Date(at).toLocaleTimeString('en-GB');

/** What a client received and sent, newest first. */
export function PaneLog({ pane }: { pane: Pane }) {
  const lines = useCell(pane.log);
  return (
    <ol class="heard" data-testid="heard" aria-label="What this client heard and did" tabIndex={0}>
      {lines.map(({ key, at, kind, name, data, note, bad }) => (
        <li
          key={key}
          class={`heard-line is-${kind}${bad ? ' is-bad' : ''}`}
          title={`${clockText(at)} ${kind} ${name} ${data === undefined ? '' : JSON.stringify(data)} ${note}`}
        >
          <span class="heard-sign" aria-hidden="true">
            {entrySymbols[kind]}
          </span>{' '}
          <b>{name}</b> {data !== undefined && data !== null && <span class="heard-data">{JSON.stringify(data)}</span>}{' '}
          <span class="heard-note">{note}</span>
        </li>
      ))}
    </ol>
  );
}

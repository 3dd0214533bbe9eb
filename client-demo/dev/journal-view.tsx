import { useMemo, useState } from 'preact/hooks';
import type { JournalEntry } from '../../shared/dev-protocol.ts';
import type { Json } from '../../shared/json.ts';
import { useCell } from '../common/cell.ts';
import { changedPaths, type ChangedPath } from './change-tracker.ts';
import type { RoomPoller } from './room-poller.ts';
import type { TimeTravel } from './time-travel.ts';
import { Tree } from './tree.tsx';

const shown = 120;
const sizeOf = (bytes: number) => (bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1_000)} kB`);

/** The journal, newest first: what each entry changed, which events it sent, and its size in the store. */
export function JournalView({ watch, travel }: { watch: RoomPoller; travel: TimeTravel }) {
  const entries = useCell(watch.entries);
  const [held, setHeld] = useState<readonly JournalEntry[] | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const past = useCell(travel.shown)?.seq;
  const list = held ?? entries;
  return (
    <section class="journal-box" aria-label="Journal">
      <header class="box-head">
        <h2>Journal</h2>
        <span
          class="soft"
          data-testid="journal-head"
          data-seq={list[0]?.seq ?? 0}
          title={list[0] && `term ${list[0].term}`}
        >
          {list[0] ? `#${list[0].seq}, term …${list[0].term % 10_000}` : 'empty'}
        </span>
        <button type="button" class="key" aria-pressed={held !== null} onClick={() => setHeld(held ? null : entries)}>
          {held ? 'Go on' : 'Pause'}
        </button>
      </header>
      <ol class="entries" data-testid="journal">
        {list.slice(0, shown).map(entry => (
          <EntryRow
            key={`${entry.term}.${entry.seq}`}
            entry={entry}
            open={open === entry.seq}
            toggle={() => setOpen(open === entry.seq ? null : entry.seq)}
            isShown={past === entry.seq}
            show={() => void travel.show(entry.seq)}
          />
        ))}
      </ol>
    </section>
  );
}

interface EntryRowProps {
  entry: JournalEntry;
  open: boolean;
  toggle(): void;
  /** Whether the document after this entry is shown. */
  isShown: boolean;
  show(): void;
}

function EntryRow({ entry, open, toggle, isShown, show }: EntryRowProps) {
  const deeds = useMemo(() => changedPaths(entry.changes), [entry]);
  return (
    <li class={isShown ? 'entry-row is-shown' : 'entry-row'}>
      <button type="button" class="entry-line" aria-expanded={open} onClick={toggle}>
        <span class="entry-seq">#{entry.seq}</span>
        <span class="entry-what">
          {entry.events.map((event, i) => (
            <span key={i} class="flag is-event">
              {event.name}
              {event.to ? ` → ${event.to.join(' ')}` : ''}
            </span>
          ))}
          {deeds.slice(0, 12).map(deed => (
            <ChangedPathText key={deed.path} deed={deed} />
          ))}
        </span>
        <span class="entry-size">{sizeOf(entry.bytes)}</span>
      </button>
      {open && (
        <>
          <button type="button" class="key entry-show" onClick={show}>
            Document after #{entry.seq}
          </button>
          <Tree
            value={
              {
                changes: entry.changes,
                ...(entry.events.length > 0 ? { events: entry.events as unknown as Json } : {}),
              } as Json
            }
            marks={null}
            depth={5}
          />
        </>
      )}
    </li>
  );
}

export function ChangedPathText({ deed: { path, to } }: { deed: ChangedPath }) {
  const text = to === undefined ? 'gone' : JSON.stringify(to);
  return (
    <span class={path.startsWith('state') ? 'deed' : 'deed is-dim'}>
      {path.replace(/^state\./, '')} <b>{text.length > 28 ? `${text.slice(0, 27)}…` : text}</b>
    </span>
  );
}

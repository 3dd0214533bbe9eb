import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../shared/json.ts';
import type { ChangeTracker } from './change-tracker.ts';

const inlineLength = 76;
const mostShown = 200;
const manyItems = 8;

/** A JSON value that can be folded. Recent changes are highlighted. `marks` null: no highlights. */
export function Tree({ value, marks, depth = 2 }: { value: Json; marks: ChangeTracker | null; depth?: number }) {
  if (!isHolder(value))
    return (
      <div class="tree">
        <Scalar value={value} path="" marks={marks} />
      </div>
    );
  return (
    <ul class="tree">
      {entriesOf(value).map(([key, inner]) => (
        <Node key={key} name={key} value={inner} path={`/${key}`} marks={marks} depth={depth} />
      ))}
    </ul>
  );
}

const isHolder = (value: Json): value is Json[] | { [key: string]: Json } =>
  typeof value === 'object' && value !== null;
const entriesOf = (value: Json[] | { [key: string]: Json }): [string, Json][] => Object.entries(value);
const isFlat = (value: Json): boolean =>
  !isHolder(value) ||
  (Array.isArray(value) && value.every(v => !isHolder(v))) ||
  JSON.stringify(value).length <= inlineLength;

function Node({
  name,
  value,
  path,
  marks,
  depth,
}: {
  name: string;
  value: Json;
  path: string;
  marks: ChangeTracker | null;
  depth: number;
}) {
  const [open, setOpen] = useState(depth > 0);
  if (isFlat(value))
    return (
      <li class="leaf">
        <Name text={name} />
        <Flat value={value} path={path} marks={marks} />
      </li>
    );
  const inner = entriesOf(value as Json[]);
  return (
    <li>
      <button type="button" class="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Lit path={path} marks={open ? null : marks}>
          <span class="tree-name">{name}</span>{' '}
          <span class="tree-count">{Array.isArray(value) ? `[${inner.length}]` : `{${inner.length}}`}</span>
        </Lit>
      </button>
      {open && (
        <ul>
          {inner.slice(0, mostShown).map(([key, v]) => (
            <Node key={key} name={key} value={v} path={`${path}/${key}`} marks={marks} depth={depth - 1} />
          ))}
          {inner.length > mostShown && <li class="tree-count">… {inner.length - mostShown} more</li>}
        </ul>
      )}
    </li>
  );
}

const Name = ({ text }: { text: string }) => (
  <span class="tree-name">
    {text}
    <span class="tree-colon">: </span>
  </span>
);

/** On one line, or on a few for a long list of small values. */
function Flat({
  value,
  path,
  marks,
  dots = false,
}: {
  value: Json;
  path: string;
  marks: ChangeTracker | null;
  dots?: boolean;
}) {
  if (!isHolder(value)) return <Scalar value={value} path={path} marks={marks} dots={dots} />;
  const list = Array.isArray(value);
  const inner = entriesOf(value).slice(0, mostShown);
  return (
    <span class={list ? 'flat is-list' : 'flat'}>
      <span class="tree-count">{list ? '[' : '{'}</span>
      {inner.map(([key, v], i) => (
        <span key={key} class="flat-item" title={list ? `[${key}] ${JSON.stringify(v)}` : undefined}>
          {!list && <Name text={key} />}
          <Flat value={v} path={`${path}/${key}`} marks={marks} dots={list && inner.length > manyItems} />
          {i < inner.length - 1 && <span class="tree-count">{list ? ' ' : ', '}</span>}
        </span>
      ))}
      <span class="tree-count">
        {Object.keys(value).length > mostShown ? '…' : ''}
        {list ? ']' : '}'}
      </span>
    </span>
  );
}

/** `dots`: shows null as a dot, so that a long list of mostly null is readable. */
function Scalar({
  value,
  path,
  marks,
  dots = false,
}: {
  value: Json;
  path: string;
  marks: ChangeTracker | null;
  dots?: boolean;
}) {
  const kind = value === null ? 'null' : typeof value;
  return (
    <Lit path={path} marks={marks}>
      <span class={`value is-${kind}`}>
        {typeof value === 'string' ? `"${value}"` : value === null && dots ? '·' : String(value)}
      </span>
    </Lit>
  );
}

/** The key changes with each change of the value, which restarts the highlight. */
function Lit({ path, marks, children }: { path: string; marks: ChangeTracker | null; children: ComponentChildren }) {
  const at = marks?.at(path) ?? 0;
  return (
    <span key={at} class={at > 0 ? 'is-lit' : undefined}>
      {children}
    </span>
  );
}

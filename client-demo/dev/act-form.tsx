import { useMemo, useState } from 'preact/hooks';
import type { FormSchema } from '../../shared/dev-protocol.ts';
import type { Json } from '../../shared/json.ts';
import { JsonField, ValueField } from './fields.tsx';
import { describeAnswer, type Answer } from './pane.ts';
import { buttonsFor, shapeOf } from './shape.ts';

interface Props {
  kind: 'act' | 'signal';
  name: string;
  schema: FormSchema;
  send(data: Json): Promise<Answer | null> | void;
}

/** An action or a signal as a form made from its schema, or as JSON, to send what the form would not. */
export function ActForm({ kind, name, schema, send }: Props) {
  const shape = useMemo(() => shapeOf(schema), [schema]);
  const buttons = useMemo(() => buttonsFor(shape), [shape]);
  const [raw, setRaw] = useState(shape.is === 'any');
  const [data, setData] = useState<Json | undefined>(shape.initial);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [asked, setAsked] = useState(0);
  const go = async (given: Json) => {
    setAsked(n => n + 1);
    const said = await send(given);
    setAsked(n => n - 1);
    setAnswer(said ?? null);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void go(data ?? {});
  };
  return (
    <form class="act" data-testid={`${kind}-${name}`} onSubmit={submit}>
      <span class="act-name">
        {name}
        {buttons?.field && !raw ? <span class="act-field"> {buttons.field}</span> : null}
      </span>
      <span class="act-data">
        {raw ? (
          <>
            <JsonField value={data} label={`${name} as JSON`} onChange={setData} />
            <button type="submit" class="key">
              Send
            </button>
          </>
        ) : buttons ? (
          buttons.buttons.map(({ label, data: given }) => (
            <button
              key={label}
              type="button"
              class="key"
              aria-label={label === '' ? `Send ${name}` : `${name} ${label}`}
              onClick={() => void go(given)}
            >
              {label === '' ? 'Send' : label}
            </button>
          ))
        ) : (
          <>
            <ValueField shape={shape} value={data} label={name} onChange={setData} />
            <button type="submit" class="key">
              Send
            </button>
          </>
        )}
      </span>
      <button
        type="button"
        class="tiny"
        aria-pressed={raw}
        aria-label={`${name} as JSON`}
        title="Write the data as JSON, also what does not fit the schema"
        onClick={() => setRaw(!raw)}
      >
        {'{}'}
      </button>
      {kind === 'act' && <AnswerLine name={name} answer={answer} waiting={asked > 0} />}
    </form>
  );
}

function AnswerLine({ name, answer, waiting }: { name: string; answer: Answer | null; waiting: boolean }) {
  if (!answer && !waiting) return null;
  return (
    <output
      class={answer && !answer.result.ok ? 'answer is-bad' : 'answer'}
      data-testid={`answer-${name}`}
      data-ms={waiting ? '' : answer?.ms}
      data-code={waiting || !answer ? '' : answer.result.ok ? 'ok' : answer.result.code}
    >
      {waiting ? '…' : describeAnswer(answer!)}
    </output>
  );
}

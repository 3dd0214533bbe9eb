import { useMemo, useState } from 'preact/hooks';
import type { FormSchema } from '../../shared/dev-protocol.ts';
import type { Json } from '../../shared/json.ts';
import { ValueField } from './fields.tsx';
import { shapeOf } from './shape.ts';

/**
 * A held input. While it is held, each change of the form is sent at once. When it is released, the schema's initial
 * value is sent.
 */
export function HeldInput({ name, schema, put }: { name: string; schema: FormSchema; put(value: Json): void }) {
  const shape = useMemo(() => shapeOf(schema), [schema]);
  const [value, setValue] = useState<Json | undefined>(shape.initial);
  const [holds, setHolds] = useState(false);
  const hold = (yes: boolean, next: Json | undefined) => {
    setHolds(yes);
    setValue(next);
    if (next !== undefined) put(next);
  };
  return (
    <div class="act" data-testid={`input-${name}`}>
      <span class="act-name">{name}</span>
      <span class="act-data">
        <ValueField shape={shape} value={value} label={name} slide onChange={next => hold(true, next)} />
      </span>
      <button
        type="button"
        class="key"
        aria-pressed={holds}
        onClick={() => (holds ? hold(false, shape.initial) : hold(true, value))}
      >
        {holds ? 'Let go' : 'Hold'}
      </button>
    </div>
  );
}

export function PressedInput({ name, press }: { name: string; press(): void }) {
  return (
    <div class="act" data-testid={`input-${name}`}>
      <span class="act-name">{name}</span>
      <span class="act-data">
        <button
          type="button"
          class="key"
          onPointerDown={press}
          onKeyDown={event => {
            if (!event.repeat && (event.key === 'Enter' || event.key === ' ')) press();
          }}
        >
          Press
        </button>
      </span>
    </div>
  );
}

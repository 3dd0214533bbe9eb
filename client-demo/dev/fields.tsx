import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../shared/json.ts';
import type { Shape } from './shape.ts';

interface FieldProps<S extends Shape['is']> {
  shape: Shape & { is: S };
  value: Json | undefined;
  label: string;
  onChange(value: Json | undefined): void;
  slide?: boolean;
}

/** The control for one value of a schema. `slide`: use a slider for a number with two bounds. */
export function ValueField(props: {
  shape: Shape;
  value: Json | undefined;
  label: string;
  onChange(value: Json | undefined): void;
  slide?: boolean;
}) {
  const { shape } = props;
  switch (shape.is) {
    case 'object':
      return <ObjectField {...props} shape={shape} />;
    case 'choice':
      return <ChoiceField {...props} shape={shape} />;
    case 'number':
      return <NumberField {...props} shape={shape} />;
    case 'text':
      return (
        <input
          type="text"
          aria-label={props.label}
          value={String(props.value ?? '')}
          onInput={event => props.onChange(event.currentTarget.value)}
        />
      );
    case 'flag':
      return (
        <input
          type="checkbox"
          aria-label={props.label}
          checked={props.value === true}
          onChange={event => props.onChange(event.currentTarget.checked)}
        />
      );
    case 'list':
      return <ListField {...props} shape={shape} />;
    case 'either':
      return <EitherField {...props} shape={shape} />;
    case 'any':
      return <JsonField {...props} />;
  }
}

function ObjectField({ shape, value, label, onChange, slide }: FieldProps<'object'>) {
  const held = (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}) as JsonObject;
  const put = (name: string, next: Json | undefined) => {
    const { [name]: _former, ...rest } = held;
    onChange(next === undefined ? rest : { ...rest, [name]: next });
  };
  return (
    <span class="fields">
      {shape.fields.map(({ name, required, shape: inner }) => (
        <label key={name} class="named">
          <span class="named-name">
            {!required && (
              <input
                type="checkbox"
                aria-label={`${label} ${name} is given`}
                checked={name in held}
                onChange={event => put(name, event.currentTarget.checked ? (inner.initial ?? null) : undefined)}
              />
            )}
            {name}
          </span>
          {(required || name in held) && (
            <ValueField
              shape={inner}
              value={held[name]}
              label={`${label} ${name}`}
              onChange={next => put(name, next)}
              {...(slide ? { slide } : {})}
            />
          )}
        </label>
      ))}
    </span>
  );
}

function ChoiceField({ shape, value, label, onChange }: FieldProps<'choice'>) {
  const chosen = Math.max(
    0,
    shape.values.findIndex(v => JSON.stringify(v) === JSON.stringify(value)),
  );
  return (
    <select
      aria-label={label}
      value={chosen}
      onChange={event => onChange(shape.values[Number(event.currentTarget.value)])}
    >
      {shape.values.map((v, i) => (
        <option key={i} value={i}>
          {typeof v === 'string' ? v : JSON.stringify(v)}
        </option>
      ))}
    </select>
  );
}

function NumberField({ shape: { whole, min, max }, value, label, onChange, slide }: FieldProps<'number'>) {
  const bounds = {
    ...(min === null ? {} : { min }),
    ...(max === null ? {} : { max }),
    step: whole ? 1 : slide && min !== null && max !== null ? (max - min) / 100 : 'any',
  };
  const read = (text: string) => onChange(text === '' ? undefined : Number(text));
  const number = typeof value === 'number' ? value : '';
  if (slide && min !== null && max !== null)
    return (
      <span class="slide">
        <input
          type="range"
          aria-label={label}
          {...bounds}
          value={number}
          onInput={event => read(event.currentTarget.value)}
        />
        <output>{number}</output>
      </span>
    );
  return (
    <input
      type="number"
      aria-label={label}
      {...bounds}
      value={number}
      onInput={event => read(event.currentTarget.value)}
    />
  );
}

function ListField({ shape, value, label, onChange }: FieldProps<'list'>) {
  const items = Array.isArray(value) ? value : [];
  return (
    <span class="list">
      {items.map((item, i) => (
        <span key={i} class="list-item">
          <ValueField
            shape={shape.of}
            value={item}
            label={`${label} ${i}`}
            onChange={next => onChange(items.map((v, k) => (k === i ? (next ?? null) : v)))}
          />
          <button
            type="button"
            class="tiny"
            aria-label={`remove ${label} ${i}`}
            onClick={() => onChange(items.filter((_v, k) => k !== i))}
          >
            ×
          </button>
        </span>
      ))}
      <button
        type="button"
        class="tiny"
        aria-label={`add to ${label}`}
        onClick={() => onChange([...items, shape.of.initial ?? null])}
      >
        +
      </button>
    </span>
  );
}

function EitherField({ shape, value, label, onChange }: FieldProps<'either'>) {
  const [which, setWhich] = useState(() =>
    Math.max(
      0,
      shape.of.findIndex(v => JSON.stringify(v.shape.initial) === JSON.stringify(value)),
    ),
  );
  const variant = shape.of[which];
  return (
    <span class="list">
      <select
        aria-label={`kind of ${label}`}
        value={which}
        onChange={event => {
          const next = Number(event.currentTarget.value);
          setWhich(next);
          onChange(shape.of[next]?.shape.initial);
        }}
      >
        {shape.of.map((v, i) => (
          <option key={i} value={i}>
            {v.label}
          </option>
        ))}
      </select>
      {variant && !(variant.shape.is === 'choice' && variant.shape.values.length === 1) && (
        <ValueField shape={variant.shape} value={value} label={label} onChange={onChange} />
      )}
    </span>
  );
}

/** Any value as JSON text: if there is no schema, or to send what the form would not. */
export function JsonField({
  value,
  label,
  onChange,
}: {
  value: Json | undefined;
  label: string;
  onChange(value: Json | undefined): void;
}) {
  const [draft, setDraft] = useState(() => (value === undefined ? '' : JSON.stringify(value)));
  const [bad, setBad] = useState(false);
  const read = (text: string) => {
    setDraft(text);
    try {
      onChange(text.trim() === '' ? undefined : (JSON.parse(text) as Json));
      setBad(false);
    } catch {
      setBad(true); // incomplete text: the last valid value stays
    }
  };
  return (
    <input
      type="text"
      class="json"
      spellcheck={false}
      aria-label={label}
      aria-invalid={bad}
      placeholder="JSON"
      value={draft}
      onInput={event => read(event.currentTarget.value)}
    />
  );
}

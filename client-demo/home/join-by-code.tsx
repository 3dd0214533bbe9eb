import { useState } from 'preact/hooks';
import { parseRoomCode } from '../../shared/ids.ts';
import { refusalTextFor } from '../common/refusal-text.ts';

interface JoinByCodeProps {
  busy: boolean;
  problem: string;
  onProblem(text: string): void;
  onCode(code: string): Promise<void>;
}

/** Input of a room code. Case, spaces and dashes do not matter. */
export function JoinByCode({ busy, problem, onProblem, onCode }: JoinByCodeProps) {
  const [text, setText] = useState('');

  function submit(event: Event): void {
    event.preventDefault();
    const code = parseRoomCode(text);
    if (code === null)
      onProblem(text.trim() === '' ? 'Type the code of the table first' : refusalTextFor('bad-code').title);
    else void onCode(code);
  }

  return (
    <form class="by-code" onSubmit={submit} noValidate>
      <label class="field">
        <span>Or join by code</span>
        <input
          type="text"
          value={text}
          placeholder="K7MRA"
          maxLength={12}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          enterkeyhint="go"
          aria-invalid={problem !== ''}
          aria-describedby="code-problem"
          onInput={event => {
            setText(event.currentTarget.value);
            onProblem('');
          }}
        />
      </label>
      <button type="submit" class="button" aria-disabled={busy}>
        Join
      </button>
      <p id="code-problem" class="problem" role="alert">
        {problem}
      </p>
    </form>
  );
}

import { useCell } from '../common/cell.ts';
import { maxNameUnits } from '../session/names.ts';
import type { PageSession } from '../session/page-session.ts';

export function NameField({ session }: { session: PageSession }) {
  const name = useCell(session.name);
  return (
    <label class="field">
      <span>Your name</span>
      <input
        type="text"
        value={name}
        maxLength={maxNameUnits}
        autocomplete="nickname"
        spellcheck={false}
        enterkeyhint="go"
        onInput={event => session.setName(event.currentTarget.value)}
      />
    </label>
  );
}

import { h } from './dom.ts';
import { rename, storedName, type Way } from './session.ts';
import { tagline, title } from './words.ts';

export function homeScreen({ enter, problem }: { enter(way: Way): Promise<void>; problem: string }): HTMLElement {
  const way = (label: string, to: Way, primary = false) =>
    h('button', {
      className: primary ? 'button is-primary' : 'button',
      textContent: label,
      onclick: async () => {
        for (const button of home.querySelectorAll('button')) button.disabled = true;
        await enter(to);
      },
    });
  const name = h('input', {
    maxLength: 24,
    value: storedName(),
    onchange: () => name.value.trim() !== '' && rename(name.value.trim()),
  });
  const code = h('input', { placeholder: 'Table code', autocapitalize: 'characters', autocomplete: 'off' });
  const home = h(
    'main',
    { className: 'home' },
    h('header', {}, h('h1', {}, title), h('p', { className: 'home-tagline' }, tagline)),
    h(
      'div',
      { className: 'home-ways' },
      way('Play', 'anyone', true),
      way('Play against a bot', 'bot'),
      way('Invite a friend', 'friend'),
    ),
    h('p', { className: 'home-problem', role: 'status' }, problem),
    h(
      'form',
      {
        className: 'home-fields',
        onsubmit: event => {
          event.preventDefault();
          if (code.value.trim() !== '') void enter({ code: code.value.trim() });
        },
      },
      h('label', { className: 'field' }, 'Your name', name),
      h('label', { className: 'field is-code' }, 'Join by code', code),
    ),
  );
  return home;
}

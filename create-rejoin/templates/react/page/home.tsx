import { useState } from 'react';
import { rename, storedName, type Way } from './session.ts';
import { tagline, title } from './words.ts';

interface HomeProps {
  isBusy: boolean;
  problem: string;
  onEnter(way: Way): void;
}

export function Home({ isBusy, problem, onEnter }: HomeProps) {
  const [name, setName] = useState(storedName);
  const [code, setCode] = useState('');
  return (
    <main className="home">
      <header>
        <h1>{title}</h1>
        <p className="home-tagline">{tagline}</p>
      </header>
      <div className="home-ways">
        <button className="button is-primary" disabled={isBusy} onClick={() => onEnter('anyone')}>
          Play
        </button>
        <button className="button" disabled={isBusy} onClick={() => onEnter('bot')}>
          Play against a bot
        </button>
        <button className="button" disabled={isBusy} onClick={() => onEnter('friend')}>
          Invite a friend
        </button>
      </div>
      <p className="home-problem" role="status">
        {problem}
      </p>
      <form
        className="home-fields"
        onSubmit={event => {
          event.preventDefault();
          if (code.trim() !== '') onEnter({ code: code.trim() });
        }}
      >
        <label className="field">
          Your name
          <input
            maxLength={24}
            value={name}
            onChange={event => setName(event.target.value)}
            onBlur={() => name.trim() !== '' && rename(name.trim())}
          />
        </label>
        <label className="field is-code">
          Join by code
          <input
            autoCapitalize="characters"
            autoComplete="off"
            placeholder="Table code"
            value={code}
            onChange={event => setCode(event.target.value)}
          />
        </label>
      </form>
    </main>
  );
}

/** Drives rejoin.mjs for the conformance runner: npx rejoin-conformance -- node examples/raw-websocket/adapter.mjs */
import { createInterface } from 'node:readline';
import { apply } from './delta.mjs';
import { Client } from './rejoin.mjs';

const clients = new Map();
const events = new Map();

const commands = {
  hello: async () => ({ ok: true, name: 'raw WebSocket', features: ['inputs'] }),
  apply: async ({ value, change }) => {
    const holder = { value };
    try {
      apply(holder, { value: change });
      return { ok: true, ...holder };
    } catch (error) {
      return { ok: false, code: 'unfit', detail: String(error) };
    }
  },
  connect: ({ client, url, name, token }) =>
    new Promise(resolve => {
      const own = new Client(url, {
        name,
        token,
        onWelcome: () => resolve({ ok: true, player: own.player, token: own.token }),
        onRefused: refusal => resolve({ ...refusal, ok: false }),
      });
      own.onEvent = (event, data) => events.get(client)?.push([event, data]);
      clients.set(client, own);
      events.set(client, []);
    }),
  join: async ({ client, room, game, version }) => {
    const reply = await clients.get(client).join(room, { game, version });
    return reply.ok ? { ok: true, seat: reply.seat } : reply;
  },
  act: ({ client, name, data }) => clients.get(client).act(name, data),
  input: async ({ client, hold, press }) => {
    clients.get(client).input({ hold, press });
    return { ok: true };
  },
  state: async ({ client }) => {
    const { view, seat, position, resumes, ended } = clients.get(client);
    const shown = view ? { ...view, position } : { room: null, state: null, position: null };
    return { ok: true, ...shown, seat, resumes, events: events.get(client), ended };
  },
  close: async ({ client }) => {
    clients.get(client)?.close();
    clients.delete(client);
    events.delete(client);
    return { ok: true };
  },
};

createInterface({ input: process.stdin }).on('line', line => {
  const { id, do: name, ...fields } = JSON.parse(line);
  const answer = reply => process.stdout.write(`${JSON.stringify({ ...reply, id })}\n`);
  Promise.resolve(commands[name]?.(fields) ?? { error: `unknown command ${name}` }).then(answer, error =>
    answer({ error: String(error) }),
  );
});

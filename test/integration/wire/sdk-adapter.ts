import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Client } from '../../../client/client.ts';
import type { Room } from '../../../client/room.ts';
import { Adapter } from '../../../conformance/harness/adapter.ts';
import { conformanceContract, driveContract, volatileDriveContract } from '../../../conformance/harness/games.ts';
import { apply, type Changes } from '../../../shared/delta.ts';
import type { Json } from '../../../shared/json.ts';
import type { Refused } from '../../../shared/refusals.ts';

interface Seated {
  client: Client;
  room?: Room<never>;
  resumes: unknown[];
  events: unknown[];
}
/** All fields of all commands. */
interface Command {
  client: string;
  url: string;
  token: string | null;
  name: string;
  room: string;
  game: string;
  version: number;
  data: Json;
  hold?: Record<string, Json>;
  press?: Record<string, number>;
  value: Json;
  change: Json;
}
const commands: Record<string, (command: Command, seated: Map<string, Seated>) => Promise<object>> = {
  hello: async () => ({ ok: true, name: 'SDK', features: ['inputs'] }),
  apply: async ({ value, change }) => {
    const holder = { value };
    try {
      apply(holder as unknown as Json, { value: change } as Changes);
      return { ok: true, ...holder };
    } catch (error) {
      return { ok: false, code: 'unfit', detail: String(error) };
    }
  },
  connect: async ({ client: name, url, token, name: shown }, seated) => {
    let kept = '';
    const client = new Client(url, {
      storage: { getItem: () => null, setItem: (_key, value) => void (kept = value), removeItem: () => {} },
      transports: ['websocket'],
      name: shown,
      ...(token ? { token } : {}),
    });
    seated.set(name, { client, resumes: [], events: [] });
    return new Promise(resolve => {
      const tell = () => {
        if (client.status.state === 'live')
          resolve({
            ok: true,
            player: client.player,
            token: kept,
          });
        if (client.status.state === 'refused') resolve({ ok: false, code: client.status.refusal.code });
      };
      client.onStatus(tell);
      tell();
    });
  },
  join: async ({ client: name, room: id, game, version }, seated) => {
    const own = seated.get(name)!;
    const contract = [conformanceContract, driveContract, volatileDriveContract].find(({ name }) => name === game)!;
    try {
      const room = (own.room = (await own.client.join({ ...contract, def: { ...contract.def, version } } as never, {
        id,
      })) as unknown as Room<never>);
      room.onResume(resume => own.resumes.push(resume));
      if (game === conformanceContract.name)
        (room as unknown as Room<typeof conformanceContract.def>).on('added', data => own.events.push(['added', data]));
      return { ok: true, seat: room.seat };
    } catch (error) {
      const { code, detail } = error as Refused;
      return { ok: false, code, detail };
    }
  },
  act: ({ client, name, data }, seated) => {
    const room = seated.get(client)!.room!;
    if (name === '$ready') return room.ready() as Promise<object>;
    return (room.act as unknown as Record<string, (data: unknown) => Promise<object>>)[name]!(data);
  },
  input: async ({ client, hold, press }, seated) => {
    const input = seated.get(client)!.room!.input as unknown as Record<string, (value?: unknown) => void>;
    for (const [name, value] of Object.entries(hold ?? {})) input[name]!(value);
    for (const [name, times] of Object.entries(press ?? {})) for (let i = 0; i < (times as number); i++) input[name]!();
    return { ok: true };
  },
  state: async ({ client: name }, seated) => {
    const { room, resumes, events } = seated.get(name)!;
    if (!room) return { ok: true, seat: null, room: null, state: null, position: null, resumes, events, ended: null };
    return {
      ok: true,
      seat: room.seat,
      room: room.info,
      state: room.state,
      position: room.position,
      resumes,
      events,
      ended: room.ended,
    };
  },
  close: async ({ client }, seated) => {
    seated.get(client)?.client.close();
    seated.delete(client);
    return { ok: true };
  },
};

/** An adapter in this process that drives the SDK. */
export function sdkAdapter(): Adapter {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const seated = new Map<string, Seated>();
  createInterface({ input: stdin }).on('line', line => {
    const { id, do: name, ...fields } = JSON.parse(line) as { id: number; do: string } & Command;
    const answer = (reply: object) => stdout.write(`${JSON.stringify({ ...reply, id })}\n`);
    const command = commands[name];
    if (!command) return void answer({ error: `unknown command ${name}` });
    command(fields as Command, seated).then(answer, (error: unknown) => answer({ error: String(error) }));
  });
  const kill = () => {
    for (const { client } of seated.values()) client.close();
  };
  return Adapter.attach({ stdin, stdout, kill });
}

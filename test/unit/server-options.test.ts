import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { describe, it } from 'mocha';
import { createServer } from '../../server/server.ts';
import { ServerRooms } from '../../server/node/server-rooms.ts';
import { fourInARowGame } from '../../shared/games/four-in-a-row/rules.ts';

/** As a caller without TypeScript would. */
const create = async (options: unknown): Promise<string> => {
  try {
    const server = await createServer(options as never);
    await server.close();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    return error.message;
  }
};
const games = [fourInARowGame];

describe('options of a server', () => {
  for (const [options, says] of [
    [undefined, /takes an object of options/],
    [{}, /games: is missing/],
    [{ games: fourInARowGame }, /games: must be an array of games/],
    [{ games: [fourInARowGame.contract] }, /games: element 0 is a contract: pass what its rules\(\) returned/],
    [{ games: [null] }, /games: element 0 is no game/],
    [{ authentificate: () => null }, /there is no option 'authentificate': did you mean 'authenticate'\?/],
    [{ authenticate: 'yes' }, /authenticate: must be a function/],
    [{ store: 'file' }, /store: must be 'memory', or an object such as/],
    [{ store: {} }, /store: must be 'memory', or an object such as/],
    [{ store: { foldre: 'x' } }, /store: has no field 'foldre': folder, sync/],
    [{ origins: 'https://a.example' }, /origins: must be an array/],
    [{ origins: ['https://a.example/path'] }, /origins: "https:\/\/a\.example\/path" is no origin/],
    [{ origins: ['a.example'] }, /origins: "a\.example" is no origin/],
    [{ hangAfter: '1000' }, /hangAfter: must be a number of milliseconds/],
    [{ log: 'info' }, /log: must be an object with the functions/],
    [{ routesAt: 'rejoin' }, /routesAt: must begin with '\/', or be null/],
    [{ io: createHttpServer() }, /io: must be a Socket\.IO server/],
    [{ app: {} }, /app: must be an Express app/],
    [{ trustProxy: true }, /trustProxy: must be a string/],
    [{ effects: { chess: {} } }, /effects: there is no game 'chess' in games/],
    [{ effects: { 'four-in-a-row': { save: () => {} } } }, /effects\.four-in-a-row: the contract has no effect 'save'/],
    [{ name: 7, dev: 'yes' }, /name: must be a string; dev: must be true or false/],
  ] as const)
    it(`${
      options === undefined
        ? 'none'
        : Object.entries(options)
            .map(([name, value]) => `${name} ${typeof value}`)
            .join(', ')
    }: ${String(says)}`, async () => {
      const complete =
        options === undefined || 'games' in options || Object.keys(options).length === 0
          ? options
          : { games, store: 'memory', ...options };
      assert.match(await create(complete), says);
    });

  it('are accepted when they are right, also if undefined is passed for one', async () => {
    assert.equal(
      await create({
        games,
        store: 'memory',
        origins: ['*', 'https://a.example', 'capacitor://localhost', 'http://localhost:5173'],
        secret: undefined,
        hangAfter: null,
        routesAt: null,
      }),
      'accepted',
    );
  });

  it('a room is created for a contract; another value is refused in words', async () => {
    const rooms = new ServerRooms(null as never);
    await assert.rejects(rooms.create(fourInARowGame as never), /game: must be a contract, not its rules/);
  });
});

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { routesUrl } from '../../client/replay.ts';

describe("where a server's HTTP routes are", () => {
  const scope = globalThis as { location?: { href: string } };
  afterEach(() => {
    delete scope.location;
  });

  it('[Y9] beside the namespace and under the path, for each url that Socket.IO connects to', () => {
    for (const [url, path, expected] of [
      ['https://play.example', '', 'https://play.example/'],
      ['https://play.example/rejoin', '', 'https://play.example/rejoin'],
      ['https://play.example:81/?room=x#top', '', 'https://play.example:81/'],
      ['https://play.example/rejoin?room=x', '/game/', 'https://play.example/game/rejoin'],
      ['ws://localhost:3000', '/game', 'http://localhost:3000/game/'],
      ['wss://play.example', '', 'https://play.example/'],
    ] as const)
      assert.equal(routesUrl(url, path), expected, url);
  });

  it('[Y9] in a page: relative to it, and of its scheme where the url names a host alone', () => {
    scope.location = { href: 'https://page.example/table/7?x=1' };
    for (const [url, expected] of [
      ['/', 'https://page.example/'],
      ['/rejoin', 'https://page.example/rejoin'],
      ['//play.example', 'https://play.example/'],
      ['play.example', 'https://play.example/'],
      ['localhost:3000', 'https://localhost:3000/'],
      ['http://localhost:3000', 'http://localhost:3000/'],
    ] as const)
      assert.equal(routesUrl(url), expected, url);
  });
});

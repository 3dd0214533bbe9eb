import { edit, type Ablation } from './ablation.ts';

const refused = 'test/unit/protocol/refused-client.test.ts';
const credentials = 'test/unit/credentials.test.ts';
const waiting = 'test/unit/protocol/slow-actions.test.ts';
const why = 'test/integration/gateway/connect-problems.test.ts';
const names = 'test/unit/tokens-and-readers.test.ts';
const connector = 'test/unit/connector.test.ts';
const callbacks = 'test/unit/protocol/callbacks.test.ts';
const handshakes = 'test/integration/gateway/handshakes.test.ts';

export const client: readonly Ablation[] = [
  {
    name: 'rooms of a refused client go on',
    why: 'they hang: no end is told, and actions never settle',
    hunt: { test: refused, grep: 'refused for good' },
    edits: [edit('client/client.ts', `if (status.state === 'refused') sync.end(status.refusal);`, '')],
  },
  {
    name: 'a rename waits for a welcome that never comes',
    why: 'the promise of a closed client never settles',
    hunt: { test: refused, grep: 'the client is closed, before' },
    edits: [
      edit('client/persistent-requests.ts', 'if (closedError) end(() => reject(closedError));\n        else if', 'if'),
    ],
  },
  {
    name: 'an answer is taken in after the client was closed',
    why: 'a room is left behind that nothing ends',
    hunt: { test: refused, grep: 'in the very turn in which an answer' },
    edits: [
      edit(
        'client/persistent-requests.ts',
        'if (this.closedError) throw this.closedError; // closed when the answer arrived',
        '',
      ),
      edit(
        'client/joined-rooms.ts',
        'if (this.requests.closedError) throw this.requests.closedError; // closed by a callback of that room',
        '',
      ),
    ],
  },
  {
    name: 'malformed packets are never forgiven',
    why: 'an honest client of another version is closed after hours',
    hunt: { test: 'test/unit/protocol/signals.test.ts', grep: 'unless some were long ago' },
    edits: [
      edit(
        'server/sessions/client-requests.ts',
        'connection.malformedFullAt = fullAtAfterTake(connection.malformedFullAt, limits.malformedPackets, now);',
        'connection.malformedFullAt = fullAtAfterTake(connection.malformedFullAt, limits.malformedPackets, now) + 1e9 / limits.malformedPackets.burst;',
      ),
    ],
  },
  {
    name: 'a signal that does not fit counts as malformed',
    why: 'twenty of them close a connection',
    hunt: { test: 'test/unit/protocol/signals.test.ts', grep: 'closes no connection' },
    edits: [
      edit(
        'server/sessions/client-requests.ts',
        `else if (!read?.isNotJson) this.parts.meter.count('badPackets');`,
        `else if (!read?.isNotJson) throw new BadRequestError('signal');`,
      ),
    ],
  },
  {
    name: 'a token function is asked once',
    why: 'an expired token ends the client',
    hunt: { test: credentials, grep: 'is asked for once more' },
    edits: [
      edit(
        'client/credentials.ts',
        `if (++this.refusals < maxRefusals) return this.tokenOf ? 'retry' : 'other-route';`,
        `if (++this.refusals < maxRefusals && !this.tokenOf) return 'other-route';`,
      ),
    ],
  },
  {
    name: 'a stored token is thrown away at the first refusal',
    why: 'one node with a wrong clock makes strangers of guests',
    hunt: { test: credentials, grep: 'a stored token that is refused once' },
    edits: [edit('client/credentials.ts', 'const maxRefusals = 2;', 'const maxRefusals = 1;')],
  },
  {
    name: 'each refused connection counts',
    why: 'two that were opened side by side end a client with a token function',
    hunt: { test: credentials, grep: 'side by side' },
    edits: [
      edit(
        'client/credentials.ts',
        `if (this.generations.get(used) !== this.generation) return 'retry';`,
        `if (this.generations.get(used) === undefined) return 'retry';`,
      ),
    ],
  },
  {
    name: 'what a storage throws is not caught',
    why: 'the welcome is not taken in to its end: rooms are dead while they say live',
    hunt: { test: credentials, grep: 'a storage that throws' },
    edits: [
      edit(
        'client/stored-token.ts',
        '    } catch {\n      // storage is full, forbidden or broken: the token is in memory\n    }',
        '    } finally {\n      // full, forbidden or broken\n    }',
      ),
    ],
  },
  {
    name: 'a change that fails is passed over',
    why: 'the room shows half of it and says live',
    hunt: { test: refused, grep: 'a change that cannot be taken in' },
    edits: [
      edit(
        'client/room-replica.ts',
        `return this.markDamaged(error); } } return this.hasReached`,
        `this.markDamaged(error); return 'ignored'; } } return this.hasReached`,
      ),
    ],
  },
  {
    name: 'a status that was read is not told',
    why: 'who reads it in a callback keeps it from all others',
    hunt: { test: refused, grep: 'refused for good' },
    edits: [
      edit(
        'client/status.ts',
        'if (!this.lastRead || JSON.stringify(this.lastRead) !== JSON.stringify(now)) this.lastRead = now;',
        'if (!this.lastRead || JSON.stringify(this.lastRead) !== JSON.stringify(now)) this.lastRead = this.lastNotified = now;',
      ),
    ],
  },
  {
    name: 'an action that waits is live',
    why: 'nothing tells the player that the room does not answer',
    hunt: { test: waiting, grep: 'after a second' },
    edits: [
      edit(
        'client/slow-action-timer.ts',
        'return oldest && this.clock.mono() - oldest.begun >= slowActionMs ? oldest.since : null;',
        'return oldest && this.clock.mono() < 0 ? oldest.since : null;',
      ),
    ],
  },
  {
    name: "the room's clock follows the device's",
    why: 'countdowns are wrong when it is set',
    hunt: { test: waiting, grep: 'a device clock that is set' },
    edits: [
      edit(
        'client/room-clock.ts',
        'now(): number { return Math.round(this.clock.mono() + this.offset); }',
        'private begun = 0; now(): number { return Math.round(this.clock.mono() + this.clock.now() - (this.begun ||= this.clock.now()) + this.offset); }',
      ),
    ],
  },
  {
    name: 'a slow join is not repeated',
    why: 'a device that was suspended meanwhile shows a wrong clock until the next join',
    hunt: { test: 'test/unit/protocol/clocks.test.ts', grep: '[U7a]' },
    edits: [
      edit(
        'client/room-sync.ts',
        'if (this.clock.read(reply.now, asked)) this.after(0, () => this.rejoin());',
        'this.clock.read(reply.now, asked);',
      ),
    ],
  },
  {
    name: 'the clock is read by an earlier round trip',
    why: 'one slow answer makes the clock of the next room wrong',
    hunt: { test: 'test/unit/protocol/clocks.test.ts', grep: 'after an earlier request' },
    edits: [
      edit(
        'client/room-clock.ts',
        'Math.min(trip, this.roundTrips.shortest ?? trip)',
        '(this.roundTrips.shortest ?? trip)',
      ),
    ],
  },
  {
    name: 'heartbeats do not put the clock right',
    why: 'after a device has slept countdowns are wrong until the next join',
    hunt: { test: waiting, grep: 'while a device sleeps' },
    edits: [edit('client/heartbeat.ts', 'if (clockLossMs !== 0) for', 'if (clockLossMs < -1e12) for')],
  },
  {
    name: 'a failed connection says nothing',
    why: 'a foreign origin, a wrong path and no server look the same',
    hunt: { test: why, grep: 'something else answers' },
    edits: [
      edit('client/socket-transport.ts', 'end(null, problemOf(error))', 'end(problemOf(error) === null ? null : null)'),
    ],
  },
  {
    name: 'a refused page cannot read why',
    why: 'a browser hides it',
    hunt: { test: why, grep: 'can read that it is refused' },
    edits: [
      edit(
        'server/gateway/gateway.ts',
        `if (request.headers.origin !== undefined) (request as { res?: ServerResponse }).res?.setHeader?.('access-control-allow-origin', request.headers.origin);`,
        '',
      ),
    ],
  },
  {
    name: 'the server does not warn of foreign origins',
    why: 'its operator cannot know what to set',
    hunt: { test: why, grep: 'is reported by both ends, once' },
    edits: [edit('server/gateway/gateway.ts', `this.refusalLog.report('origin', `, 'void (')],
  },
  {
    name: 'cookies of all pages are read',
    why: 'with `*` any page acts for its visitor',
    hunt: { test: why, grep: 'may send cookies' },
    edits: [
      edit(
        'server/gateway/origin-policy.ts',
        `=> admission !== 'any';`,
        `=> admission !== 'no-browser' || admission !== null;`,
      ),
    ],
  },
  {
    name: 'a client without a seat does what it asked as another player',
    why: 'an action takes effect under a player who did not ask for it',
    hunt: { test: 'test/unit/protocol/seat-holds.test.ts', grep: 'A11e' },
    edits: [
      edit(
        'client/room-sync.ts',
        'if (this.player !== null && this.player !== this.parts.playerId())',
        'if (this.hold !== null && this.player !== this.parts.playerId())',
      ),
    ],
  },
  {
    name: 'the first entry of a room that was created again is applied to the old one',
    why: 'a spectator shows the code of a room that is gone',
    hunt: { test: 'test/unit/room-replica.test.ts', grep: 'P2e' },
    edits: [
      edit(
        'client/room-replica.ts',
        "if (this.position[1] === 0 && term !== this.answeredInTerm) return 'behind';",
        '',
      ),
    ],
  },
  {
    name: 'X-Forwarded-Host is believed from everybody',
    why: "it is the client's own text",
    hunt: { test: why, grep: 'counts from a trusted proxy' },
    edits: [
      edit(
        'server/identity/request-host.ts',
        `first && isTrusted(socket.remoteAddress ?? '', 0) ?`,
        "first && (isTrusted(socket.remoteAddress ?? '', 0) || true) ?",
      ),
    ],
  },
  {
    name: 'joiners are taken out of names',
    why: 'families fall apart, and Persian names are misspelt',
    hunt: { test: names, grep: 'keeps what an emoji' },
    edits: [edit('shared/names.ts', `from = match.index + word.length;`, `from = match.index;`)],
  },
  {
    name: 'names are cut by characters alone',
    why: 'one of 24 families has 432 bytes',
    hunt: { test: names, grep: 'is cut between characters' },
    edits: [
      edit(
        'shared/names.ts',
        'while (utf8.encode(kept).length > limits.nameBytes)',
        'while (utf8.encode(kept).length < 0)',
      ),
    ],
  },
  {
    name: 'retryAfter of a refused connection is not waited for',
    why: 'clients ask a crowded server again and again',
    hunt: { test: connector, grep: 'after a refusal the next try' },
    edits: [
      edit(
        'client/connector.ts',
        `if (typeof refusal?.retryAfter === 'number') this.notBefore`,
        `if (refusal?.retryAfter === null) this.notBefore`,
      ),
    ],
  },
  {
    name: 'retryAfter has no bound',
    why: 'a proxy keeps a player away for an hour',
    hunt: { test: connector, grep: 'after a refusal the next try' },
    edits: [edit('client/connector.ts', 'Math.min(refusal.retryAfter, mostRetryAfter)', 'refusal.retryAfter')],
  },
  {
    name: 'Retry-After of HTTP is not read',
    why: 'a node that is full is asked again at once',
    hunt: { test: handshakes, grep: 'of an HTTP answer' },
    edits: [edit('client/socket-transport.ts', 'error.data : busyOf(error)', 'error.data : null')],
  },
  {
    name: 'auth is not checked before it is sent',
    why: 'a token that is too large is sent again for ever',
    hunt: { test: credentials, grep: 'a token that cannot be sent' },
    edits: [
      edit(
        'client/credentials.ts',
        'if (!checked.ok) throw new UnsendableAuthError(checked);',
        'if (!checked.ok && this.refusals > 9) throw new UnsendableAuthError(checked);',
      ),
    ],
  },
  {
    name: 'a handshake that is too large closes the connection',
    why: 'a client cannot know why',
    hunt: { test: handshakes, grep: 'in a server of its own: an auth' },
    edits: [
      edit(
        'server/gateway/decoder.ts',
        `if (typeof chunk === 'string' && this.onOversize === null && chunk.startsWith('0')) return`,
        `if (typeof chunk === 'string' && chunk === '0') return`,
      ),
    ],
  },
  {
    name: 'sockets in dev mode answer by any Host',
    why: 'a page that rebinds its name plays as a guest of this machine',
    hunt: { test: handshakes, grep: 'by a foreign Host is refused' },
    edits: [edit('server/gateway/origin-policy.ts', '    if (this.isForeignHost(request)) return null;\n', '')],
  },
  {
    name: 'all presses are sent at once',
    why: 'a room counts 16 in a tick, and the others are lost',
    hunt: { test: 'test/unit/room-inputs.test.ts', grep: 'presses without a connection all count' },
    edits: [edit('client/input-sender.ts', 'if (length >= window || !fits(press, message.press!)) break;', '')],
  },
  {
    name: 'the window does not move',
    why: 'presses behind it wait until they are taken for lost',
    hunt: { test: 'test/unit/room-inputs.test.ts', grep: 'presses without a connection all count' },
    edits: [edit('client/input-sender.ts', '    if (isShorter) this.pump(false); // the window has moved\n', '')],
  },
  {
    name: 'a dropped press is not reported',
    why: 'it is lost and nobody knows',
    hunt: { test: 'test/unit/protocol/inputs.test.ts', grep: 'those above what is kept are reported' },
    edits: [edit('client/room.ts', 'dropped: (name, times) => this.pressDropped.notify(name, times), ', '')],
  },
  {
    name: 'a room that is encoded acts',
    why: 'a log of it sends an action',
    hunt: { test: 'test/unit/protocol/any-state.test.ts', grep: 'asks for nothing' },
    edits: [edit('client/methods-by-name.ts', `new Set(['then', 'toJSON'])`, `new Set(['then'])`)],
  },
  {
    name: 'inspect does not wait for the room',
    why: 'it is refused in the moment after a reconnect',
    hunt: { test: 'test/unit/protocol/any-state.test.ts', grep: 'inspect waits' },
    edits: [
      edit(
        'client/client.ts',
        `error.code === 'not-in-room') || this.rooms.get(room.id) !== room) throw error;`,
        `error.code === 'never') || this.rooms.get(room.id) !== room) throw error;`,
      ),
    ],
  },
  {
    name: 'a client that was closed is welcomed',
    why: 'a callback that closes it during a reconnect leaves it live without a connection',
    hunt: { test: callbacks, grep: 'in onChange while it reconnects' },
    edits: [edit('client/connector.ts', '    if (this.isClosed) return; // a listener closed it\n', '')],
  },
  {
    name: 'a token function that closes the client does not stop it',
    why: 'it plays on as the player who was signed out',
    hunt: { test: callbacks, grep: 'token function closes opens no connection' },
    edits: [
      edit(
        'client/connector.ts',
        `if (this.isClosed) return void (isPromise(handshake) && handshake.catch(() => {}));`,
        '',
      ),
    ],
  },
  {
    name: 'each close is reported',
    why: 'a callback of `closed` that closes never ends',
    hunt: { test: callbacks, grep: 'is reported once' },
    edits: [
      edit(
        'client/connector.ts',
        `if (this.status.state !== 'closed') this.setStatus({ state: 'closed' });`,
        `this.setStatus({ state: 'closed' });`,
      ),
    ],
  },
  {
    name: 'the next try follows the callbacks',
    why: 'a client that they close keeps a timer, and a process with it',
    hunt: { test: connector, grep: 'leaves no timer behind' },
    edits: [
      edit(
        'client/connector.ts',
        `    else this.setTrying('reconnecting', this.attempt, since);\n`,
        `    else this.setTrying('reconnecting', this.attempt, since);\n    this.openLater(wait + 10, () => this.usualRoute());\n`,
      ),
    ],
  },
  {
    name: 'a closed client enters the room it asked for',
    why: 'nothing ends that room, and its actions never settle',
    hunt: { test: callbacks, grep: 'is not entered' },
    edits: [
      edit(
        'client/joined-rooms.ts',
        'if (this.requests.closedError) throw this.requests.closedError; // closed by a callback of that room',
        '',
      ),
    ],
  },
  {
    name: 'a callback that was stopped is called',
    why: 'it draws what its page has thrown away',
    hunt: { test: callbacks, grep: 'takes off the list' },
    edits: [edit('client/listeners.ts', 'if (this.callbacks.has(one)) one.fn', 'one.fn')],
  },
  {
    name: 'onStatus reports what is over',
    why: 'a page shows a connection that an earlier callback has closed',
    hunt: { test: callbacks, grep: 'tells the status of now' },
    edits: [edit('client/client.ts', 'connector.onStatus.add(() => fn(this.status));', 'connector.onStatus.add(fn);')],
  },
  {
    name: 'a room that a callback closed goes on telling',
    why: 'events reach a page that has left',
    hunt: { test: callbacks, grep: 'tells nothing after its end' },
    edits: [edit('client/room.ts', 'if (!this.ended) this.events.get(name)', 'this.events.get(name)')],
  },
  {
    name: 'any JSON answers for a recording',
    why: 'the refusal has no code',
    hunt: { test: 'test/integration/gateway/replay-refusals.test.ts', grep: 'is refused with a code' },
    edits: [
      edit(
        'client/replay.ts',
        `return reply.ok || isRefusalCode(reply.code) ? reply : makeRefusal('unavailable');`,
        'return reply;',
      ),
    ],
  },
  {
    name: 'the url is the address of the routes',
    why: 'no replay is found by a WebSocket url or one with a query',
    hunt: { test: 'test/unit/routes-url.test.ts', grep: 'for each url' },
    edits: [edit('client/replay.ts', `const base = typeof`, `if (path === '') return url;\n  const base = typeof`)],
  },
  {
    name: 'NaN is a frame',
    why: 'a replay is at no frame from then on',
    hunt: { test: 'test/unit/replay-room.test.ts', grep: 'that is no number' },
    edits: [edit('client/replay/replay-room.ts', 'Math.trunc(frame) || 0', 'Math.trunc(frame)')],
  },
];

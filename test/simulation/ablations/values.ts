import { edit, type Ablation } from './ablation.ts';

const fidelity = { test: 'test/unit/protocol/journal-consistency.test.ts', grep: '' };
const delta = { test: 'test/unit/delta.test.ts', grep: '' };
const outgoing = { test: 'test/unit/protocol/outgoing-checks.test.ts', grep: '' };

export const values: readonly Ablation[] = [
  {
    name: 'an action is not checked before it is queued',
    why: 'one that cannot be sent is sent for ever, and holds up all others',
    hunt: { ...outgoing, grep: 'an action that JSON does not keep' },
    edits: [
      edit(
        'client/room-actions.ts',
        `const checked = checkOutgoing('data', data);`,
        'const checked = { ok: true as const, value: data as Json };',
      ),
    ],
  },
  {
    name: 'the size of an action is not checked',
    why: 'the connection is closed whenever it is sent',
    hunt: { ...outgoing, grep: 'an action above a limit' },
    edits: [edit('client/outgoing-checks.ts', 'if (bytes > limits[limit]) throw', 'if (bytes < 0) throw')],
  },
  {
    name: 'characters are counted, not bytes',
    why: 'what fits in characters is too large for the server',
    hunt: { ...outgoing, grep: 'an action above a limit' },
    edits: [
      edit(
        'client/outgoing-checks.ts',
        'const bytes = utf8Length(JSON.stringify(json));',
        'void utf8Length;\n    const bytes = JSON.stringify(json).length;',
      ),
    ],
  },
  {
    name: 'requests are not checked',
    why: 'create, quick and join are asked again for ever',
    hunt: { ...outgoing, grep: 'create, quick and join reject' },
    edits: [
      edit('client/persistent-requests.ts', 'checkedOrThrow(checkRequest(name, given)) as Requests[K][0]', 'given'),
    ],
  },
  {
    name: 'signals are not checked',
    why: 'the client is closed for malformed messages',
    hunt: { ...outgoing, grep: 'signals and inputs that cannot be sent' },
    edits: [edit('client/room.ts', 'data: checkSignal(game, name, data)', 'data: (checkSignal, data as Json)')],
  },
  {
    name: 'a packet that is too large closes the connection',
    why: 'a client cannot know why',
    hunt: { ...outgoing, grep: 'without the SDK' },
    edits: [
      edit(
        'server/sessions/client-requests.ts',
        "return this.countMalformed(connection) ? makeRefusal('too-large'",
        "return this.countMalformed(connection) && !connection.isOpen ? makeRefusal('too-large'",
      ),
    ],
  },

  {
    name: 'a constant is not copied',
    why: 'rooms share it, and it changes past the journal',
    hunt: { ...fidelity, grep: 'a constant that is put into the state' },
    edits: [
      edit(
        'shared/diff.ts',
        'if (!this.copiesForeign || this.seen!.has(value)) return value;',
        'if (this.now > 0) return value;',
      ),
    ],
  },
  {
    name: 'what a refused rule put in is changed back in place',
    why: 'the undo of one room changes a constant of all',
    hunt: { ...fidelity, grep: 'a constant that is put into the state' },
    edits: [edit('shared/restore.ts', 'isOwned(is) && ', '')],
  },
  {
    name: 'keys that are set again keep their place',
    why: 'the order differs between the owner and the others',
    hunt: { ...fidelity, grep: 'a key that is removed and set again' },
    edits: [
      edit(
        'shared/diff.ts',
        'return asBefore && n === before.length ? out : addKeyChanges(out ?? {}, old, before, live);',
        'return n === before.length ? out : addKeyChanges(out ?? {}, old, [...before].sort((a, b) => Object.keys(live).indexOf(a) - Object.keys(live).indexOf(b)), live);',
      ),
    ],
  },
  {
    name: 'a batch forgets that a key was removed',
    why: 'the order differs between the journal and the owner',
    hunt: { ...delta, grep: 'a key that was removed and set again' },
    edits: [
      edit(
        'shared/compose.ts',
        'if (Array.isArray(early) && early.length === 0 && !(Array.isArray(late) && late.length === 0)) {',
        "if (written === '') {",
      ),
    ],
  },
  {
    name: 'words are written as they are',
    why: 'a key that is how changes are written changes something else',
    hunt: { ...fidelity, grep: 'any word is a key' },
    edits: [edit('shared/delta.ts', '? `#${key}` : key);', '? key : key);')],
  },
  {
    name: 'fields of arrays are not looked for',
    why: 'they live at the owner alone',
    hunt: { ...fidelity, grep: 'what an array keeps' },
    edits: [
      edit('shared/diff.ts', `if (stray !== undefined) this.fail('a field`, `if (stray === 'none') this.fail('a field`),
    ],
  },
  {
    name: 'owner and journal are not compared',
    why: 'what they disagree on is found at the next failover, or never',
    hunt: { ...fidelity, grep: 'a comparison says' },
    edits: [
      edit(
        'testkit/journal-verifier.ts',
        'if (JSON.stringify(live) !== JSON.stringify(journaled)) throw',
        'if (live === null) throw',
      ),
    ],
  },
  {
    name: 'arrays are told element by element',
    why: 'drawing a card tells the whole deck',
    hunt: { ...delta, grep: 'lost, got or moved elements' },
    edits: [
      edit(
        'shared/diff.ts',
        'const alignment = align(old, live);',
        'const alignment = old.length < 0 ? align(old, live) : null;',
      ),
    ],
  },
  {
    name: 'a first state is bounded as a change is',
    why: 'a match with a large board cannot begin',
    hunt: { test: 'test/unit/protocol/large-state.test.ts', grep: 'a match may begin' },
    edits: [
      edit(
        'server/rooms/core/draft.ts',
        'const isNewState = this.doc.state !== state;',
        'const isNewState = this.doc.state === undefined && state === null;',
      ),
    ],
  },
  {
    name: 'motion is not taken back',
    why: 'the next entry does again what was shown already',
    hunt: { test: 'test/unit/protocol/volatile-state.test.ts', grep: 'lost messages of motion' },
    edits: [edit('client/room-replica.ts', 'if (this.volatileCount > 0) this.current = this.durable;', '')],
  },
  {
    name: 'values from schemas go through JSON',
    why: 'a Map becomes {} and NaN null, and nobody is told',
    hunt: { test: 'test/unit/protocol/strict-values.test.ts', grep: '[R10]' },
    edits: [
      edit(
        'shared/parse-json.ts',
        'strictJson(read.value ?? null, path)',
        'JSON.parse(JSON.stringify(read.value ?? null, (_k, v: unknown) => (typeof v === "bigint" ? 0 : v))) as Json',
      ),
    ],
  },
  {
    name: 'a game may reuse codes of the system',
    why: 'a client repeats what is final, or ends its hold',
    hunt: { test: 'test/unit/contract.test.ts', grep: 'a refusal of the system' },
    edits: [
      edit(
        'shared/contract-checks.ts',
        'Object.hasOwn(refusals, code) || clientCodes.includes(code)',
        '!Object.hasOwn(refusals, code) && clientCodes.includes(code)',
      ),
    ],
  },
  {
    name: 'names may be fields of every object',
    why: 'a player finds what nobody has put there',
    hunt: { test: 'test/unit/contract.test.ts', grep: 'an action that all objects have' },
    edits: [edit('shared/contract-checks.ts', `!(word in {}) && word !== 'then'`, `word !== 'then'`)],
  },
  {
    name: 'parts may have any field',
    why: 'a misspelt setting is no setting at all, and nobody is told',
    hunt: { test: 'test/unit/contract.test.ts', grep: 'a complaint that names it' },
    edits: [edit('shared/contract-checks.ts', 'if (!known.includes(key)) complain', 'if (known.length === 0) report')],
  },
  {
    name: 'one complaint at a time',
    why: 'an author fixes one after the other',
    hunt: { test: 'test/unit/contract.test.ts', grep: 'all that is wrong at once' },
    edits: [
      edit(
        'shared/contract.ts',
        "formatProblems(`contract '${String(name)}'`, problems)",
        "formatProblems(`contract '${name}'`, problems.slice(0, 1))",
      ),
    ],
  },
  {
    name: 'matches are not run again with a secret changed',
    why: 'a short secret in an event or a refusal is not found',
    hunt: { test: 'test/unit/testkit/short-secret-leaks.test.ts', grep: '(detail)' },
    edits: [
      edit(
        'testkit/noninterference.ts',
        'replaceAt(doc.state, start.path, differentValue(',
        'void (doc.state, start.path, differentValue(',
      ),
    ],
  },
  {
    name: 'the source of a secret is not changed',
    why: 'a card that is told as it is drawn is not found',
    hunt: { test: 'test/unit/testkit/short-secret-leaks.test.ts', grep: '(event)' },
    edits: [edit('testkit/noninterference.ts', 'if (places.length >= 64) return;', 'if (places.length >= 0) return;')],
  },
  {
    name: 'an entry that deals is not run again',
    why: 'a short secret that setup gives away is not found',
    hunt: { test: 'test/unit/testkit/dealt-secrets.test.ts', grep: 'a card in an event' },
    edits: [edit('testkit/redeals.ts', 'sorted.slice(0, maxEntries)', 'sorted.slice(100 * maxEntries)')],
  },
  {
    name: 'fields that change without a secret are suspected',
    why: 'a game that is right is refused',
    hunt: { test: 'test/unit/testkit/dealt-secrets.test.ts', grep: 'passes: a card of the deck' },
    edits: [edit('testkit/redeals.ts', 'if (changed.length === 0) suspect.isFree = true;', '')],
  },
  {
    name: 'an exchange of cards is a leak',
    why: 'a game that is right is refused',
    hunt: { test: 'test/unit/testkit/dealt-secrets.test.ts', grep: 'the last of a deck' },
    edits: [
      edit(
        'testkit/redeals.ts',
        'changed.length === 0 || isExchange',
        'changed.length === 0 || (isExchange && changed.length < 0)',
      ),
    ],
  },
  {
    name: 'times of timers are not compared',
    why: 'a timer as long as a card says is not found',
    hunt: { test: 'test/unit/testkit/short-secret-leaks.test.ts', grep: '(length)' },
    edits: [
      edit(
        'testkit/noninterference.ts',
        `compare('the time of a timer', 'everybody', authorTimersOf(one.doc), authorTimersOf(two.doc));`,
        'void authorTimersOf;',
      ),
    ],
  },
];

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../server/runtime/package-root.ts';

/** A client with one mistake, and what the runner has to say of it. */
export interface BrokenClient {
  readonly mistake: string;
  /** In `rejoin.mjs` of examples/raw-websocket, where it occurs once. */
  readonly find: string;
  readonly replace: string;
  /** The scenario that notices it. */
  readonly scenario: string;
  readonly complaint: RegExp;
}

export const brokenClients: readonly BrokenClient[] = [
  {
    mistake: 'sends unanswered actions again after a reconnect without looking at base and verdicts',
    find: 'n <= newBase && this.#queue.length > 0',
    replace: 'false',
    scenario: 'lost answer',
    complaint:
      /"lost-answer" was executed 2 times.*number the unsettled actions from base \+ 1 and drop those with a verdict/,
  },
  {
    mistake: 'compares the seq alone, and not the term',
    find: 'isSame(this.position, [prevTerm, seq - 1])',
    replace: 'this.position[1] === seq - 1',
    scenario: 'lost history',
    complaint: /A position is \(term, seq\): a change follows only if both prevTerm and seq − 1 are the client's/,
  },
  {
    mistake: 'keeps the term of its first join',
    find: 'this.#term = term;',
    replace: 'this.#term ||= term;',
    scenario: 'owner killed',
    complaint: /is stamped with term \d+, but the client had been answered with term \d+.*\[A5\]/,
  },
  {
    mistake: 'applies a change that it has already',
    find: 'isSame(this.position, [prevTerm, seq - 1])',
    replace: 'isSame(this.position, [prevTerm, seq - 1]) || isSame(this.position, [term, seq])',
    scenario: 'duplicates',
    complaint:
      /the client reports \d+: a change that does not follow the client's position is ignored|replica is not what the server holds/,
  },
  {
    mistake: 'keeps only the fields of the public room that it knows',
    find: 'this.view = reply.view;',
    replace: 'const { future: _, ...room } = reply.view.room; this.view = { ...reply.view, room };',
    scenario: 'unknown fields',
    complaint: /a field of the public room that the client does not know is missing from its replica/,
  },
  {
    mistake: 'takes slow-down and unavailable for final',
    find: "} else if (duty === 'retry') {",
    replace: "} else if (duty === 'retry') { action.settle(reply); this.#queue.shift();",
    scenario: 'retry of an action',
    complaint: /"slow-down", "unavailable" and "busy" mean: send the same request again after retryAfter/,
  },
  {
    mistake: 'does not wait for retryAfter',
    find: 'const wait = reply.retryAfter ?? 50;',
    replace: 'const wait = 1;',
    scenario: 'retry of an action',
    complaint: /n=1 was sent again \d+ ms too early: "slow-down" had retryAfter 400/,
  },
  {
    mistake: 'begins again with number 1 after each join',
    find: 'this.#base = newBase;',
    replace: 'this.#base = 0;',
    scenario: 'reconnect',
    complaint: /"act" n=1 was sent again for another action .*Use base \+ 1 = 2 \[A1a\]/,
  },
  {
    mistake: 'generates a session for each join',
    find: 'session: this.#session,',
    replace: "session: randomBytes(12).toString('hex'),",
    scenario: 'reconnect',
    complaint: /joined again with another session/,
  },
  {
    mistake: 'connects again without its token',
    find: '...(this.token ? { token: this.token } : {})',
    replace: '...{}',
    scenario: 'reconnect',
    complaint: /did not carry the token of the last "welcome"/,
  },
  {
    mistake: 'joins again without its position',
    find: '...(this.view ? { place: this.position } : {}),',
    replace: '',
    scenario: 'reconnect',
    complaint: /must name the client's position as "place": \[term, seq\]/,
  },
  {
    mistake: 'drops changes that arrive beside a join',
    find: 'if (this.#held) this.#held.push(change);',
    replace: 'if (this.#held) return;',
    scenario: 'changes beside a join',
    complaint: /changes arrived before the answer to the join: keep them/,
  },
  {
    mistake: 'sends no heartbeat',
    find: 'this.#every(1_000, () => this.#heartbeat());',
    replace: '',
    scenario: 'silent connection',
    complaint: /a heartbeat \("place"\) that is not answered within 1.5 s means that the connection is dead/,
  },
  {
    mistake: 'takes its seat back when another window has it',
    find: "if (notice.code === 'session-replaced' && isOwn) this.#finish({ ok: false, code: 'session-replaced' });",
    replace: "if (notice.code === 'session-replaced' && isOwn) this.#join();",
    scenario: 'replaced session',
    complaint: /joined again after the notice "session-replaced"/,
  },
  {
    mistake: 'stays on a node that asks it to move',
    find: "else if (name === 'moving') this.#reopen();",
    replace: '',
    scenario: 'drain',
    complaint: /after "moving" the client opened no other connection/,
  },
  {
    mistake: 'sends any number of actions at once',
    find: 'this.#queue.slice(0, actionWindow)',
    replace: 'this.#queue',
    scenario: 'many at once',
    complaint: /is more than 8 above the base \d+: wait for verdicts/,
  },
];

/** Copies of the example with one mistake each. */
export class BrokenClientFolder {
  private readonly folder: string;

  constructor() {
    mkdirSync(join(packageRoot, 'dist'), { recursive: true });
    // Within the repository, so that its imports are found.
    this.folder = mkdtempSync(join(packageRoot, 'dist/broken-'));
  }

  /** @returns the command of its adapter @throws if the example does not have the text exactly once */
  command({ mistake, find, replace }: BrokenClient, index: number): string[] {
    const copy = join(this.folder, String(index));
    cpSync(join(packageRoot, 'examples/raw-websocket'), copy, { recursive: true });
    const file = join(copy, 'rejoin.mjs');
    const text = readFileSync(file, 'utf8').replaceAll('../../docs/', '../../../docs/');
    const parts = text.split(find);
    if (parts.length !== 2) throw new Error(`${mistake}: the example has ${parts.length - 1} times: ${find}`);
    writeFileSync(file, parts.join(replace));
    return [process.execPath, join(copy, 'adapter.mjs')];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

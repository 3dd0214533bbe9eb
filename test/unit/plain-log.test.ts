import assert from 'node:assert/strict';
import { createPlainLog } from '../../server/ops/plain-log.ts';
import { assertSync } from '../../server/rooms/core/rule-context.ts';

describe('the log for authors', () => {
  it("says what failed and where, in words, with the lines of the author's own code", () => {
    let said = '';
    const log = createPlainLog(text => {
      said += text;
    });
    const authors = () => void assertSync(Promise.resolve());
    try {
      authors();
    } catch (error) {
      log.error({ game: 'g', rule: 'actions.pick', error }, 'rule failed');
    }
    assert.match(
      said,
      /^rejoin: rule failed \(game g, rule actions\.pick\)\n {2}AsyncRuleError: a rule must not be asynchronous.*\n {4}at authors .*plain-log\.test\.ts/,
    );
    assert.doesNotMatch(said, /server[\\/]rooms|node:/);
  });

  it('lets no control character of a client reach the terminal, and no line that it made up', () => {
    let said = '';
    createPlainLog(text => {
      said += text;
    }).warn({ room: '\u001b[2J\nrejoin: all is well', error: new Error('\u009b31m') }, 'refused');
    assert.ok(!said.includes('\u001b') && !said.includes('\u009b'), said);
    assert.equal(said.split('\n')[0], 'rejoin: refused (room \\u001b[2J\\u000arejoin: all is well)');
  });

  it("leaves out what is none of an author's business, and takes what is no error", () => {
    const said: string[] = [];
    const log = createPlainLog(text => said.push(text));
    log.info({ room: 'r' }, 'a room was made');
    log.debug({}, 'details');
    log.warn({ why: undefined }, 'something');
    log.error({ error: 'thrown as a string' }, 'failed');
    assert.deepEqual(said, ['rejoin: something\n', 'rejoin: failed\n  thrown as a string\n']);
  });
});

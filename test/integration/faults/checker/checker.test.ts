import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { RecordsBuilder, buildValidRoom } from './records-builder.ts';
import { requireBranch, list, type Tree } from './json.ts';

/** The alarm: whatever is falsified in a good history has to be found, by the check that is there for it. */
describe('the checker', () => {
  it('finds nothing wrong with a room in which all went well', () => assert.deepEqual(buildValidRoom().wrongs(), []));

  it('shares no code with the server', () => {
    for (const file of readdirSync(import.meta.dirname).filter(f => f.endsWith('.ts') && !f.endsWith('.test.ts'))) {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      for (const [, from] of text.matchAll(/from '([^']+)'/g))
        assert.match(from!, /^(node:(fs|path|crypto)|\.\/[a-z-]+\.ts|\.\.\/canonical\.ts)$/, `${file} imports ${from}`);
    }
    assert.match(
      readFileSync(join(import.meta.dirname, '../canonical.ts'), 'utf8'),
      /^import \{ createHash \} from 'node:crypto';\n\n/,
    );
  });

  it('finds an accepted action that no entry holds', () => {
    const f = buildValidRoom();
    f.hear('told', 'p0', f.ask(0, 'p0.lost'), f.term, f.seq + 1, null);
    assert.deepEqual(f.wrongs(), ['lost']);
  });

  it('finds one whose entry holds its verdict, and not what it did', () => {
    const f = buildValidRoom();
    f.unseen(() => f.act(0, 'write', 'p0.x', null, {}));
    assert.deepEqual(f.wrongs(), ['lost']);
  });

  it('finds an action that was done twice', () => {
    const f = buildValidRoom();
    const id = f.write(0);
    f.entry({ state: { lines: { [list(requireBranch(f.doc, 'state')['lines']).length]: id } } });
    assert.deepEqual(f.wrongs(), ['doubled']);
  });

  it('finds an action that was done again under another number', () => {
    const f = buildValidRoom();
    f.act(0, 'arm', 'p0.x', null, {});
    f.play.splice(
      f.play.findLastIndex(l => l.is === 'asked'),
      1,
    );
    f.play.splice(
      f.play.findLastIndex(l => l.is === 'told'),
      1,
    );
    assert.deepEqual(f.wrongs(), ['doubled']);
  });

  it('finds one that was refused, and done all the same', () => {
    const f = buildValidRoom();
    f.write(1);
    Object.assign(f.last('told'), { code: 'left', term: null, seq: null });
    assert.deepEqual(f.wrongs(), ['doubled']);
  });

  it('finds what never ends, and is said to have been done', () => {
    const f = buildValidRoom();
    f.act(0, 'hang', 'p0.hang', null, {});
    assert.deepEqual(f.wrongs(), ['answer']);
    f.rewrite(f.seq, c =>
      Object.assign(c, { state: { lines: { [list(requireBranch(f.doc, 'state')['lines']).length]: 'p0.hang' } } }),
    );
    assert.ok(f.wrongs().includes('doubled'));
  });

  it('finds a version that goes back', () => {
    const f = buildValidRoom();
    f.entry({ hidden: { stateVersion: 2 } });
    assert.deepEqual(f.wrongs(), []);
    f.entry({ hidden: { stateVersion: 1 } });
    assert.deepEqual(f.wrongs(), ['history']);
  });

  it('finds what nobody asked for', () => {
    const f = buildValidRoom();
    f.entry({ state: { lines: { [list(requireBranch(f.doc, 'state')['lines']).length]: 'nobody.1' } } });
    assert.deepEqual(f.wrongs(), ['doubled']);
  });

  it('takes what has no answer for done or not done, once', () => {
    for (const done of [true, false]) {
      const f = buildValidRoom();
      if (done) f.write(0);
      else f.hear('told', 'p0', f.ask(0, 'p0.x'), null, null, 'unknown');
      if (done) Object.assign(f.last('told'), { code: 'unknown', term: null, seq: null });
      f.write(1);
      assert.deepEqual(f.wrongs(), [], String(done));
    }
  });

  it('finds a place at which somebody was, and no entry is', () => {
    const f = buildValidRoom();
    f.hear('saw', 'p1', f.term, f.seq + 1, 'ffff');
    assert.deepEqual(f.wrongs(), ['not-durable']);
    const other = buildValidRoom();
    other.hear('saw', 'p1', other.term - 1, other.seq, 'ffff');
    assert.deepEqual(other.wrongs(), ['not-durable'], 'the number alone is not the place');
  });

  it('finds a view that is not what the journal leads to, and one of another seat', () => {
    const f = buildValidRoom();
    f.last('saw').hash = '0123456789abcdef';
    assert.deepEqual(f.wrongs(), ['diverged']);
    const g = new RecordsBuilder();
    g.entry({ state: { secrets: { 0: 'cnry:p0:1' } } } as unknown as Tree);
    g.last('saw', 'p1').hash = g.last('saw', 'p0').hash;
    assert.deepEqual(g.wrongs(), ['diverged']);
  });

  it("finds a secret in somebody else's bytes", () => {
    const f = buildValidRoom();
    f.hear('leaked', 'p1', 'p0', 'change');
    assert.deepEqual(f.wrongs(), ['leaked']);
  });

  it('finds a snapshot that is not what the entries lead to', () => {
    const f = buildValidRoom();
    (requireBranch(f.doc, 'state') as Record<string, unknown>)['rung'] = ['p9.9'];
    f.snapshot();
    assert.deepEqual(f.wrongs(), ['diverged']);
  });

  it('finds two histories: an entry twice, one missing, a term that came back, one of a term that was over', () => {
    const twice = buildValidRoom();
    twice.journal.splice(5, 0, twice.entryAt(3));
    assert.ok(twice.wrongs().includes('history'));
    const gap = buildValidRoom();
    gap.journal.splice(gap.journal.indexOf(gap.entryAt(9)), 1);
    assert.ok(gap.wrongs().includes('history'));
    const reused = buildValidRoom();
    reused.note('claim', 1_500, 'node', '');
    assert.deepEqual(reused.wrongs(), ['history']);
    const late = buildValidRoom();
    late.unseen(() => {
      late.term -= 1_000;
      late.entry({});
    });
    assert.deepEqual(late.wrongs(), ['history']);
  });

  it('finds a clock that goes back, and a change that does not fit', () => {
    const f = buildValidRoom();
    f.entry({}, -10);
    assert.deepEqual(f.wrongs(), ['history']);
    const g = buildValidRoom();
    g.unseen(() => g.rewriteLast({ state: { hands: { 0: 1 } } }));
    assert.ok(g.wrongs().includes('history'));
  });

  it('finds actions of one player in the wrong order', () => {
    const f = buildValidRoom();
    f.write(0);
    const first = f.last('told');
    f.write(0);
    const second = f.last('told');
    [first.seq, second.seq] = [second.seq, first.seq];
    assert.ok(f.wrongs().includes('order'));
  });

  it('finds an order that contradicts real time, between two players', () => {
    const f = new RecordsBuilder();
    f.write(0);
    f.write(1);
    // p1 says that it had its answer before p0 asked.
    const [asked, told] = [f.last('asked', 'p1'), f.last('told', 'p1')];
    asked.at = -10;
    told.at = -5;
    assert.deepEqual(f.wrongs(), ['order']);
  });

  it('finds an answer that is not that of the journal', () => {
    const f = buildValidRoom();
    f.refuse(0);
    f.last('told').code = 'armed';
    assert.ok(f.wrongs().includes('answer'));
    const g = buildValidRoom();
    g.write(0);
    const told = g.last('told');
    g.write(1);
    told.seq = g.seq; // at the other's place
    assert.ok(g.wrongs().includes('lost'));
  });

  it('finds who is stuck, and who was left behind', () => {
    const f = buildValidRoom();
    f.ask(0, 'p0.x');
    assert.deepEqual(f.wrongs(), ['stuck']);
    f.hear('closed', 'p0');
    assert.deepEqual(f.wrongs(), [], 'who went waits for nothing');
    const g = buildValidRoom();
    g.unseen(() => g.entry({}));
    g.wait(10_000);
    g.hear('rests', 'p0', g.term, g.seq - 1);
    assert.deepEqual(g.wrongs(), ['behind']);
  });

  it('finds a timer that fired twice, too early, unasked, or never', () => {
    const twice = buildValidRoom();
    const id = twice.arm(0);
    twice.ring(id);
    twice.ring(id);
    assert.deepEqual(twice.wrongs(), ['timer']);
    const early = buildValidRoom();
    early.ring(early.arm(0, 5_000));
    assert.deepEqual(early.wrongs(), ['timer']);
    const gone = buildValidRoom();
    gone.arm(0);
    gone.entry({ hidden: { timers: { ring: [] } } });
    assert.deepEqual(gone.wrongs(), ['timer']);
    const never = buildValidRoom();
    never.arm(0);
    assert.deepEqual([never.wrongs(10_000), never.wrongs(100_000)], [[], ['timer']]);
  });

  it('finds effects that nobody asked for, that were not done, that mean two things, and a result reported twice', () => {
    const unasked = buildValidRoom();
    unasked.effects.push({ ...unasked.effects[0]!, key: 'room.none' });
    assert.deepEqual(unasked.wrongs(), ['effect']);
    const undone = buildValidRoom();
    undone.effects.shift();
    assert.deepEqual(undone.wrongs(), ['effect']);
    const other = buildValidRoom();
    other.effects.push({ ...other.effects[0]!, data: { id: 'x' } });
    assert.deepEqual(other.wrongs(), ['effect']);
    const again = buildValidRoom();
    again.effects.push(again.effects[0]!);
    assert.deepEqual(again.wrongs(), [], 'at least once, with the same key');
    const waits = buildValidRoom();
    waits.entry({ hidden: { effects: { 'room.w': [{ name: 'record', data: {}, match: 1 }] } } });
    assert.deepEqual(waits.wrongs(), ['effect']);
    const reported = buildValidRoom();
    reported.effect('report');
    assert.deepEqual(reported.wrongs(), ['report']);
  });

  describe('where Redis has forgotten entries', () => {
    /** The last two entries are lost after both players have seen them and one was told of them. */
    const forgetful = () => {
      const f = buildValidRoom();
      const { seq } = f;
      const before = structuredClone(f.doc);
      f.write(0);
      f.write(1);
      f.note('rolled-back', seq);
      for (const key of Object.keys(before)) (f.doc as Record<string, unknown>)[key] = before[key];
      f.seq = seq;
      f.claim();
      return f;
    };
    it('accepts what was announced, and counts it', () => {
      const f = forgetful();
      for (const id of ['p0', 'p1']) f.hear('resumed', id, 'snapshot', true);
      assert.deepEqual(f.wrongs(), []);
    });
    it('accepts it nowhere where Redis must lose nothing, also where it was announced', () => {
      const f = forgetful();
      for (const id of ['p0', 'p1']) f.hear('resumed', id, 'snapshot', true);
      assert.deepEqual(f.wrongs(0, true), ['lost']);
    });
    it('finds an entry of the term that was forgotten told of once more', () => {
      const f = forgetful();
      for (const id of ['p0', 'p1']) f.hear('resumed', id, 'snapshot', true);
      const { term, seq, hash } = f.last('saw', 'p1');
      f.hear('saw', 'p1', term, seq, hash);
      assert.deepEqual(f.wrongs(), ['not-durable']);
    });
    it('finds who was told of a loss that was none', () => {
      const f = buildValidRoom();
      f.hear('resumed', 'p0', 'snapshot', true);
      assert.deepEqual(f.wrongs(), ['answer']);
    });
    it('finds who was not told', () => {
      const f = forgetful();
      f.hear('resumed', 'p0', 'snapshot', true);
      f.hear('resumed', 'p1', 'snapshot', false);
      assert.deepEqual(f.wrongs(), ['lost', 'not-durable']);
    });
  });
});

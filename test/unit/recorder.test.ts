import assert from 'node:assert/strict';
import { z } from 'zod';
import { hashState, mergeFrames, Recorder, type RecordingPart } from '../../server/rooms/actor/recorder.ts';
import { newDocument, type RoomDocument } from '../../server/rooms/core/document.ts';
import { contract, state, type AnyGame } from '../../shared/contract.ts';
import { apply, copy, type Changes } from '../../shared/delta.ts';
import type { Json } from '../../shared/json.ts';
import { limits } from '../../shared/limits.ts';

const game = contract('run', {
  version: 1,
  seats: { min: 1, max: 1 },
  state: state<{ x: number; list: number[] }>(),
  actions: { go: z.object({}) },
  replay: true,
}).rules({ setup: () => ({ x: 0, list: [] }), actions: { go: () => {} } }) as unknown as AnyGame;

/** A match of so many seconds at 20 entries a second, recorded, and handed over every 64 entries. */
function recorded(seconds: number): { parts: RecordingPart[]; doc: RoomDocument } {
  const doc = newDocument(game, { id: 'r', code: 'c', private: false, options: {}, seed: [1, 2, 3, 4], now: 1_000 });
  const recorder = new Recorder(game, doc);
  const parts: RecordingPart[] = [];
  Object.assign(doc.room, { match: 1, phase: 'playing' });
  Object.assign(doc.hidden, { began: 1_000, clock: 1_000 });
  doc.state = { x: 0, list: [] };
  recorder.commit(1, { room: { match: 1, phase: 'playing' }, state: [doc.state] }, [], doc);
  const take = () => {
    for (const { text } of recorder.pending) parts.push(JSON.parse(text) as RecordingPart);
    recorder.markStored();
  };
  for (let i = 1; i <= seconds * 20; i++) {
    const s = doc.state as { x: number; list: number[] };
    s.x = i;
    s.list.push(i);
    const cut = s.list.length > 5;
    if (cut) s.list.splice(0, 4);
    doc.hidden.clock = 1_000 + i * 50;
    const list: Changes = {
      '#': cut
        ? [
            [0, 4],
            [1, 0, i],
          ]
        : [[s.list.length - 1, 0, i]],
    };
    const last = i === seconds * 20;
    if (last) doc.room.phase = 'ended';
    recorder.commit(
      i + 1,
      { state: { x: i, list }, ...(last ? { room: { phase: 'ended' } } : {}) },
      i % 100 === 0 ? [{ name: 'hundred', data: i }] : [],
      doc,
    );
    if (i % 64 === 0 && !last) take();
  }
  assert.deepEqual(recorder.finishedMatches, [1]);
  take();
  assert.deepEqual(recorder.finishedMatches, []);
  return { parts, doc };
}

function played(parts: readonly RecordingPart[]): { doc: { state: Json }; frames: number; events: number } {
  const { begin } = parts.find(p => p.begin)!;
  const doc = copy({ room: begin!.room, state: begin!.state });
  const frames = parts.flatMap(p => p.frames);
  for (const { c } of frames) apply(doc as unknown as Json, c);
  return { doc, frames: frames.length, events: frames.flatMap(f => f.e ?? []).length };
}

describe('recorder', () => {
  it('[Y1] keeps every entry of the first two minutes, and thins what comes after; nothing of it is lost', () => {
    for (const [seconds, least, most] of [
      [60, 1_200, 1_200],
      [300, 2_400, 2_400 + 2_000],
      [1_200, 2_400, 2_400 + 5_100 + 1_500],
    ] as const) {
      const { parts, doc } = recorded(seconds);
      const seen = played(parts);
      assert.deepEqual(seen.doc.state, doc.state);
      assert.equal(seen.events, Math.floor(seconds / 5));
      assert.ok(seen.frames >= least && seen.frames <= most, `${seconds} s: ${seen.frames} frames`);
      assert.equal(parts.at(-1)!.end, hashState(doc.state));
    }
  });

  it('[K2] [Y4] a match that ends in the entry that migrates its state has an end, too', () => {
    const doc = newDocument(game, { id: 'r', code: 'c', private: false, options: {}, seed: [1, 2, 3, 4], now: 1_000 });
    const recorder = new Recorder(game, doc);
    Object.assign(doc.room, { match: 1, phase: 'playing' });
    doc.state = { x: 0, list: [] };
    recorder.commit(1, { room: { match: 1, phase: 'playing' }, state: [doc.state] }, [], doc);
    recorder.markStored();
    Object.assign(doc.room, { version: 2, phase: 'ended' });
    recorder.commit(2, { room: { version: 2, phase: 'ended' }, state: [doc.state] }, [], doc);
    assert.deepEqual(recorder.finishedMatches, [1]);
    const [part] = recorder.pending.map(({ text }) => JSON.parse(text) as RecordingPart);
    assert.deepEqual([part!.begin?.seq, part!.frames, part!.end], [2, [], hashState(doc.state)]);
  });

  it('[Y4] the hash does not depend on the order of keys, and on everything else', () => {
    assert.equal(hashState({ a: 1, b: [{ c: 2, d: null }] }), hashState({ b: [{ d: null, c: 2 }], a: 1 }));
    assert.notEqual(hashState({ a: 1 }), hashState({ a: '1' }));
    assert.notEqual(hashState({ a: [1, 2] }), hashState({ a: [2, 1] }));
  });

  it('two frames as one do what both did', () => {
    const state = { x: 0, list: [1, 2, 3] };
    const [one, two] = [
      { seq: 1, at: 1, c: { x: 1, list: { '#': [[1, 2]] } } },
      { seq: 2, at: 2, c: { list: { '#': [[1, 0, 9]] } }, e: [{ name: 'e', data: 1 }] },
    ];
    const both = structuredClone(state);
    apply(both, one.c);
    apply(both, two.c);
    const once = structuredClone(state);
    const frame = mergeFrames(structuredClone(one), structuredClone(two));
    apply(once, frame.c);
    assert.deepEqual(once, both);
    assert.deepEqual([frame.seq, frame.at, frame.e?.length], [2, 2, 1]);
  });

  it('the steps of thinning are in order', () => {
    const { frameSpacing } = limits.recording;
    assert.ok(
      frameSpacing.every(
        (step, i) =>
          i === 0 || (step.until > frameSpacing[i - 1]!.until && step.spacing > frameSpacing[i - 1]!.spacing),
      ),
    );
  });
});

import { canonical } from '../canonical.ts';
import type { ClientHistory } from './answers.ts';
import type { Counts, ViolationKind } from './findings.ts';
import { requireBranch, type Tree } from './json.ts';
import { positionKey, type History } from './history.ts';
import type { EffectLine } from './records.ts';

type Say = (wrong: ViolationKind, says: string, at?: number) => void;

/**
 * What the games themselves say was done: each line of a ledger once, by who was told so; no disc that nobody dropped.
 */
export function checkGameState(
  history: History,
  stories: ReadonlyMap<string, ClientHistory>,
  say: Say,
  counts: Counts,
): void {
  for (const { seq, cells, verdicts, at } of history.facts) {
    const accepted = verdicts.filter(v => v.code === null).length;
    // A player who left in the same entry has taken its verdicts along; that happens only where nobody acted.
    if (cells > accepted && accepted > 0) say('doubled', `entry ${seq}: ${cells} discs by ${accepted} moves`, at);
  }
  if (history.game !== 'ledger') return;
  const written = new Map<string, number>();
  for (const { seq, lines, at } of history.facts) {
    for (const line of lines) {
      counts.lines += 1;
      if (written.has(line)) say('doubled', `${line} was written at ${written.get(line)} and again at ${seq}`, at);
      else written.set(line, seq);
    }
  }
  const known = new Set<string>();
  for (const { id, asked } of stories.values()) {
    for (const { line, name, told } of asked) {
      if (line === null) continue;
      known.add(line);
      const at = written.get(line);
      // judged where answers are
      if (told?.term && told.seq !== null && history.gone.has(positionKey(told.term, told.seq))) continue;
      if (name === 'write' && told !== null && told.seq !== null && told.code === null && at !== told.seq)
        say(
          at === undefined ? 'lost' : 'answer',
          `${id}: ${line} was accepted at ${told.seq}, and is ${at === undefined ? 'nowhere' : `at ${at}`}`,
          told.at,
        );
      if (name === 'hang' && told !== null) {
        counts.hung += 1;
        if (told.code === null) say('answer', `${id}: ${line}, which never ends, was accepted`, told.at);
      }
      if (name === 'hang' && at !== undefined) say('doubled', `${line} never ends, and is written at ${at}`);
      else if (at !== undefined && told?.code && told.code !== 'unknown')
        say('doubled', `${id}: ${line} was refused (${told.code}), and is written at ${at}`, told.at);
    }
  }
  for (const [line, seq] of written)
    if (!known.has(line)) say('doubled', `entry ${seq}: ${line} is written, and nobody asked for it`);
}

/** Timers that were set: each fires once. That none is lost or fires early is seen where entries are walked. */
export function checkTimers(history: History, wallAtEnd: number, say: Say, counts: Counts): void {
  const fired = new Map<string, number>();
  for (const { seq, rung, at } of history.facts) {
    for (const id of rung) {
      counts.timers += 1;
      if (fired.has(id)) say('timer', `${id} fired at ${fired.get(id)} and again at ${seq}`, at);
      fired.set(id, seq);
    }
  }
  // A clock may have been wrong by some seconds, and a room without members is looked after a moment later.
  const late = 20_000;
  for (const [name, timer] of Object.entries(requireBranch(history.doc, 'hidden', 'timers'))) {
    const due = Number(requireBranch(timer)['at']);
    if (!history.removed && due + late < wallAtEnd)
      say('timer', `${name} was due ${Math.round((wallAtEnd - due) / 1000)} s before the end, and has not fired`);
  }
}

/** Effects: only what was asked for, all of it, under one key with one meaning; the result of a match once. */
export function checkEffects(history: History, done: readonly EffectLine[], say: Say, counts: Counts): void {
  const asked = new Map(history.facts.flatMap(f => f.asked.map(a => [a.key, a] as const)));
  const forgotten = new Map(history.rolledBack.flatMap(f => f.asked.map(a => [a.key, a] as const)));
  counts.effects += asked.size;
  const times = new Map<string, number>();
  for (const { key, effect, match, data } of done) {
    counts.effectsDone += 1;
    times.set(key, (times.get(key) ?? 0) + 1);
    const one = asked.get(key) ?? forgotten.get(key);
    if (!one) say('effect', `${effect} ${key} was done, and no entry asks for it`);
    else if (one.name !== effect || one.match !== match || one.data !== canonical(data))
      say('effect', `${key} was asked for as ${one.name} ${one.data}, and done as ${effect} ${canonical(data)}`);
  }
  counts.effectsAgain += [...times.values()].filter(n => n > 1).length;
  const struck = new Set(history.facts.flatMap(f => f.struck));
  const open: Tree = requireBranch(history.doc, 'hidden', 'effects');
  for (const [key, { name }] of asked) {
    if (struck.has(key) && !times.has(key)) say('effect', `${name} ${key} is struck out, and was never done`);
    if (!struck.has(key) && !(key in open))
      say('effect', `${name} ${key} was asked for, is not struck out, and does not wait`);
    if (!struck.has(key) && key in open) say('effect', `${name} ${key} still waits at the end`);
  }
  const reports = new Map<number, string>();
  for (const { key, name, match } of asked.values()) {
    if (name !== 'report') continue;
    if (reports.has(match)) say('report', `match ${match} is reported as ${reports.get(match)} and as ${key}`);
    reports.set(match, key);
  }
}

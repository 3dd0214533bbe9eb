/** What can be wrong with a room, in the words of the report. */
export const violationKinds = {
  lost: 'a client was told "accepted", and no entry holds it',
  doubled: 'something was done that nobody asked for, or twice',
  'not-durable': 'a client saw what no entry holds',
  order: "an action's place contradicts its player's order, or real time",
  history: 'entries, terms or clocks of a room do not follow one another',
  diverged: 'a client, or a snapshot, shows something else than the journal',
  behind: 'a client did not catch up after play had ended',
  stuck: 'an action never got an answer, or a room did not go on',
  leaked: "somebody else's secret was received",
  timer: 'a timer fired twice, too early, never, or without having been set',
  effect: 'an effect was done that was never asked for, or not done, or its key meant two things',
  report: 'the result of a match was reported twice',
  answer: 'a client was told something else than what stands in the journal',
  crash: 'a process ended, and nobody had ended it',
} as const;
export type ViolationKind = keyof typeof violationKinds;

/** One thing that is wrong. `at`: ms on the machine's monotonic clock, where it is known. */
export interface Finding {
  wrong: ViolationKind;
  room: string;
  says: string;
  at?: number;
}

/** What was looked at: a check that saw nothing proves nothing. */
export interface Counts {
  rooms: number;
  entries: number;
  claims: number;
  asked: number;
  accepted: number;
  refused: number;
  unknown: number;
  views: number;
  snapshots: number;
  lines: number;
  timers: number;
  effects: number;
  effectsDone: number;
  effectsAgain: number;
  lostAnnounced: number;
  hung: number;
}
export const noCounts = (): Counts => ({
  rooms: 0,
  entries: 0,
  claims: 0,
  asked: 0,
  accepted: 0,
  refused: 0,
  unknown: 0,
  views: 0,
  snapshots: 0,
  lines: 0,
  timers: 0,
  effects: 0,
  effectsDone: 0,
  effectsAgain: 0,
  lostAnnounced: 0,
  hung: 0,
});

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openConnection } from './connection.mjs';
import { apply } from './delta.mjs';

/** What a client does after a refusal: docs/wire/refusals.json. Codes of games are not in it; they are final. */
const refusals = JSON.parse(readFileSync(new URL('../../docs/wire/refusals.json', import.meta.url), 'utf8'));
const duties = new Map(refusals.map(({ code, duty }) => [code, duty]));
const dutyOf = code => duties.get(code) ?? 'final';
/** Actions in flight at a time. */
const actionWindow = 8;
const isSame = (a, b) => a[0] === b[0] && a[1] === b[1];
const isReached = (place, position) => place[0] < position[0] || (place[0] === position[0] && place[1] <= position[1]);

/** One player, in one room at a time. */
export class Client {
  view = null;
  seat = null;
  /** [term, seq] of the last entry that was applied. */
  position = [0, 0];
  /** The refusal that ended the hold on the room; null while it goes on. */
  ended = null;
  resumes = [];
  onEvent = () => {};
  onChange = () => {};
  #connection = null;
  #opening = null;
  #isClosed = false;
  #attempt = 0;
  #spread = 100;
  #timers = new Set();
  #room = null;
  #joinFields = {};
  #session = '';
  #joinedOnce = () => {};
  #isJoining = false;
  #joinAgain = false;
  #isDamaged = false;
  /** The owner's term in the last answer to a join. */
  #answeredIn = 0;
  /** Changes that arrived beside a join. */
  #held = null;
  /** The room's number and term in short forms on this connection. */
  #short = { number: -1, term: 0 };
  // Actions without a verdict, in order: the one at index i has the number base + 1 + i.
  #queue = [];
  #base = 0;
  #term = 0;
  #pausedUntil = 0;
  /** Answers to what was sent in an earlier epoch say nothing about the present numbers. */
  #epoch = 0;
  /** Verdicts whose entry has not been applied yet. */
  #waiting = [];
  // Inputs
  #inputNumber = 0;
  #hold = {};
  #presses = [];

  constructor(url, { name, token, onWelcome = () => {}, onRefused = () => {} } = {}) {
    Object.assign(this, { url, name, token, onWelcome, onRefused });
    this.#reopen();
    this.#every(1_000, () => this.#heartbeat());
  }

  close() {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#connection?.close();
    this.#opening?.close();
    this.#finish({ ok: false, code: 'left' });
  }

  // --- the connection -------------------------------------------------------------------------

  /** Opens another connection. The present one is closed when the new one is welcomed. */
  #reopen() {
    if (this.#opening || this.#isClosed) return;
    const auth = { wire: 2, ...(this.token ? { token: this.token } : {}), ...(this.name ? { name: this.name } : {}) };
    const connection = openConnection(this.url, auth, {
      event: (name, args) => {
        if (name === 'welcome') this.#welcomed(connection, args[0]);
        else if (name === 'token') this.token = args[0];
        else if (connection === this.#connection) this.#receiveEvent(name, args);
      },
      closed: refusal => this.#closed(connection, refusal),
    });
    this.#opening = connection;
  }

  #welcomed(connection, { player, token }) {
    this.#connection?.close();
    this.#connection = connection;
    this.#opening = null;
    this.#attempt = 0;
    this.player = player;
    this.token = token || this.token;
    this.#suspend();
    this.onWelcome();
    this.#join();
  }

  #closed(connection, refusal) {
    if (connection === this.#connection) {
      this.#connection = null;
      this.#suspend();
    }
    if (connection === this.#opening) this.#opening = null;
    if (this.#isClosed || this.#connection || this.#opening) return;
    if (refusal && dutyOf(refusal.code) === 'stop') {
      this.#isClosed = true;
      this.#finish({ ok: false, ...refusal });
      return this.onRefused(refusal);
    }
    const most = this.#attempt === 0 ? this.#spread : Math.min(100 * 2 ** this.#attempt, 3_000);
    this.#attempt += 1;
    this.#after((refusal?.retryAfter ?? 0) + 10 + Math.random() * most, () => this.#reopen());
  }

  /** Whatever was in flight may or may not have arrived. */
  #suspend() {
    this.#epoch += 1;
    this.#isJoining = this.#joinAgain = false;
    this.#held = null;
    for (const action of this.#queue) action.isSent = false;
  }

  /** The position once a second. An answer that does not arrive means that the connection is dead. */
  #heartbeat() {
    const connection = this.#connection;
    if (!connection || this.#opening) return;
    const rooms = this.view && !this.ended ? { [this.#room]: this.position } : {};
    const silence = this.#after(1_500, () => {
      if (connection === this.#connection) this.#reopen();
    });
    connection.request('place', { rooms }, reply => {
      clearTimeout(silence);
      if (connection !== this.#connection || !reply.ok) return;
      this.#spread = reply.spread;
      if (!(this.#room in rooms)) return;
      const head = reply.rooms[this.#room];
      if (head === undefined) this.#join(); // the node does not know this connection as a member
      else if (Array.isArray(head)) this.#compare({ head: [this.#short.term, head[0]], term: this.#short.term });
      else if (head) this.#compare(head);
    });
  }

  /** The entry at the head may still be in flight. After 250 ms it was lost: join again. */
  #compare({ head, term }) {
    const before = this.position;
    if (isSame(head, before)) return;
    this.#after(250, () => {
      const isStuck = isSame(before, this.position) && term > before[0];
      if (!isReached(head, this.position) || isStuck) this.#join();
    });
  }

  #after(ms, fn) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isClosed) fn();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
  #every(ms, fn) {
    this.#after(ms, () => (fn(), this.#every(ms, fn)));
  }

  // --- the room -------------------------------------------------------------------------------

  /**
   * Enters a room; null: `fields.quick` or `fields.code` finds one. Resolves with the first answer. Other fields: game,
   * version, watch, profile.
   */
  join(room, fields) {
    this.#room = room;
    this.#joinFields = { ...fields };
    this.#session = randomBytes(12).toString('hex');
    return new Promise(resolve => {
      this.#joinedOnce = resolve;
      this.#join();
    });
  }

  /** Joins, or joins again from the present position. One join is in flight at a time. */
  #join() {
    if (!this.#connection || this.#session === '' || this.ended) return;
    if (this.#isJoining) return void (this.#joinAgain = true);
    this.#isJoining = true;
    this.#held ??= [];
    this.#joinNow();
  }

  #joinNow() {
    const { watch } = this.#joinFields;
    const epoch = this.#epoch;
    const request = {
      ...(this.#room === null ? {} : { room: this.#room }),
      session: this.#session,
      short: true,
      ...this.#joinFields,
      ...(this.view ? { place: this.position } : {}),
      ...(this.view && !watch ? { resume: true } : {}),
      ...(this.view && (this.#isDamaged || this.position[1] === 0) ? { whole: true } : {}),
    };
    this.#connection.request('join', request, reply => {
      if (epoch !== this.#epoch) return;
      if (!reply.ok && dutyOf(reply.code) === 'retry') {
        const wait = reply.retryAfter ?? 200;
        return this.#after(wait + Math.random() * wait, () => {
          if (epoch === this.#epoch) this.#joinNow();
        });
      }
      this.#isJoining = false;
      if (reply.ok) this.#acceptJoin(reply);
      else this.#finish(reply);
      if (!this.#joinAgain) return;
      this.#joinAgain = false;
      this.#join();
    });
  }

  #acceptJoin(reply) {
    const isFirst = this.view === null;
    this.#room = reply.room;
    for (const field of ['quick', 'code']) delete this.#joinFields[field];
    const held = this.#held ?? [];
    this.#held = null;
    this.#short = { number: reply.number, term: reply.term };
    if (reply.with === 'snapshot') {
      this.view = reply.view;
      this.#isDamaged = false;
    } else for (const change of reply.changes) this.#applyChange(change);
    this.position = reply.place;
    this.#answeredIn = reply.term;
    this.seat = reply.seat;
    if (!isFirst) this.resumes.push({ with: reply.with, lost: reply.lost });
    for (const change of held) this.#receiveChange(change);
    this.#reconcile(reply.term, reply.base, reply.verdicts);
    // Entries of older terms that the new owner does not have are lost: they will never arrive.
    for (const verdict of this.#waiting) if (verdict.place[0] < reply.term) verdict.place = [0, 0];
    this.#reportVerdicts();
    this.#sendInput(true);
    this.#joinedOnce(reply);
    this.onChange();
  }

  #receiveEvent(name, args) {
    if (name === 'change' || name === 'c' || name === 's') {
      const change = this.#expand(name, args);
      if (this.#held) this.#held.push(change);
      else this.#receiveChange(change);
    } else if (name === 'notice') this.#receiveNotice(args[0]);
    else if (name === 'moving') this.#reopen();
    else if (name === 'heads') this.#compare(args[0][this.#room] ?? { head: this.position, term: 0 });
    else if (name === 'h')
      for (let at = 0; at < args.length; at += 3)
        if (args[at] === this.#short.number)
          this.#compare({ head: [this.#short.term, args[at + 1]], term: this.#short.term });
  }

  /** Short forms name the room by a number and leave the term out where it has not changed. */
  #expand(name, args) {
    if (name === 'change') return args[0] === this.#room ? args.slice(1) : null;
    const [number, seq, changes, events, term, prevTerm] = args;
    if (number !== this.#short.number) return null;
    const before = prevTerm ?? this.#short.term;
    this.#short.term = term ?? this.#short.term;
    return [this.#short.term, seq, before, name === 's' ? { state: changes } : changes, events || []];
  }

  /** A change is applied if it follows the position, and ignored if the client has it already. */
  #receiveChange(change) {
    if (!change || this.ended || !this.view) return;
    const [term, seq, prevTerm] = change;
    // A room without entries may have been removed, and created again under its id.
    if (this.position[1] === 0 && term !== this.#answeredIn) return void this.#join();
    if (isSame(this.position, [prevTerm, seq - 1])) {
      const isNewOwner = term > this.position[0];
      this.#applyChange(change);
      this.#reportVerdicts();
      this.#confirmInputs();
      if (isNewOwner) this.#sendInput(true);
      this.onChange();
    } else if (!isReached([term, seq], this.position)) this.#join(); // a change in between is missing
  }

  #applyChange([term, seq, , changes, events]) {
    try {
      if (changes !== 0 && !this.#isDamaged) apply(this.view, changes);
    } catch {
      this.#isDamaged = true; // the next join asks for a snapshot
      this.#after(0, () => this.#join());
    }
    this.position = [term, seq];
    for (const [name, data] of events ?? []) this.onEvent(name, data);
  }

  #receiveNotice(notice) {
    if (notice.room !== this.#room || this.ended) return;
    const isOwn = notice.session === this.#session;
    if (notice.code === 'session-replaced' && isOwn) this.#finish({ ok: false, code: 'session-replaced' });
    else if (notice.code === 'kicked') this.#finish({ ok: false, code: 'kicked' });
    else if (notice.code === 'closed') this.#finish({ ok: false, code: 'room-missing' });
    else if (notice.code === 'resync' || (notice.code === 'seat-lost' && isOwn)) this.#join();
    else if (notice.code === 'owner') {
      this.#sendInput(true);
      this.#compare(notice);
    }
  }

  /** The hold on the room is over. Every action settles. */
  #finish(refusal) {
    this.ended ??= refusal;
    for (const action of this.#queue.splice(0))
      action.settle(action.wasEverSent ? { ok: false, code: 'unknown' } : refusal);
    for (const { settle, reply } of this.#waiting.splice(0)) settle(reply);
    this.#joinedOnce(refusal);
    this.onChange();
  }

  // --- actions --------------------------------------------------------------------------------

  /** Resolves once, with the verdict. If the action was accepted, the view has its effect. */
  act(name, data = {}) {
    return new Promise(settle => {
      if (this.ended) return settle(this.ended);
      this.#queue.push({ name, data, isSent: false, wasEverSent: false, settle });
      this.#sendActions();
    });
  }

  /** Settles actions that have a verdict, and numbers the rest from base + 1, under the new term. */
  #reconcile(term, base, verdicts) {
    if (term < this.#term) return;
    const known = new Map(verdicts);
    const newBase = term === this.#term ? Math.max(base, this.#base) : base;
    for (let n = this.#base + 1; n <= newBase && this.#queue.length > 0; n++) {
      const verdict = known.get(n) ?? { code: 'unknown' };
      this.#queue.shift().settle(verdict.code === undefined ? { ok: true } : { ok: false, ...verdict });
    }
    this.#term = term;
    this.#base = newBase;
    this.#epoch += 1;
    for (const action of this.#queue) action.isSent = false;
    this.#sendActions();
  }

  #sendActions() {
    if (!this.#connection || this.#term === 0 || this.#isJoining || Date.now() < this.#pausedUntil) return;
    this.#queue.slice(0, actionWindow).forEach((action, i) => {
      if (action.isSent) return;
      action.isSent = action.wasEverSent = true;
      const epoch = this.#epoch;
      const request = {
        room: this.#room,
        name: action.name,
        data: action.data,
        n: this.#base + 1 + i,
        term: this.#term,
      };
      this.#connection.request('act', request, reply => {
        if (epoch === this.#epoch) this.#receiveVerdict(action, reply);
      });
    });
  }

  #receiveVerdict(action, reply) {
    if (!this.#queue.includes(action)) return;
    if (reply.code === 'stale-term') return this.#reconcile(reply.term, reply.base, reply.verdicts);
    const duty = reply.ok ? 'final' : dutyOf(reply.code);
    if (duty === 'final' && reply.place) {
      if (this.#queue[0] !== action) return this.#join(); // an earlier answer was lost
      this.#queue.shift();
      this.#base += 1;
      this.#waiting.push({ place: reply.place, reply, settle: action.settle });
      this.#reportVerdicts();
      this.#sendActions();
    } else if (duty === 'final') {
      // The number is not used up: the following actions move up.
      this.#queue.splice(this.#queue.indexOf(action), 1);
      action.settle(reply);
      this.#join();
    } else if (duty === 'retry') {
      const wait = reply.retryAfter ?? 50;
      action.isSent = false;
      this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + wait);
      this.#after(wait + 1, () => this.#sendActions());
    } else if (duty === 'stop') this.#finish(reply);
    else this.#join();
  }

  /** A verdict is reported once its entry has been applied. */
  #reportVerdicts() {
    while (this.#waiting.length > 0 && isReached(this.#waiting[0].place, this.position)) {
      const { settle, reply } = this.#waiting.shift();
      settle(reply);
    }
  }

  // --- inputs, in games with a tick -------------------------------------------------------------

  /** `hold`: values that count until they change. `press`: how often each input was pressed. */
  input({ hold, press }) {
    Object.assign(this.#hold, hold);
    if (press) this.#presses.push({ n: this.#inputNumber + 1, press });
    this.#sendInput(false);
  }

  /** `again`: to a new owner or on a new connection, which have none of the held values. */
  #sendInput(again) {
    if (!this.#connection || this.#isJoining || this.ended) return;
    if (Object.keys(this.#hold).length === 0 && this.#presses.length === 0) return;
    const messages = again ? this.#presses : this.#presses.slice(-1).filter(({ n }) => n > this.#inputNumber);
    let after = again ? undefined : this.#presses.at(-1 - messages.length)?.n;
    for (const { n, press } of messages) {
      this.#connection.send('input', { room: this.#room, n, press, hold: this.#hold, ...(after ? { after } : {}) });
      after = n;
      this.#inputNumber = Math.max(this.#inputNumber, n);
    }
    if (messages.length > 0) return;
    this.#inputNumber += 1;
    this.#connection.send('input', {
      room: this.#room,
      n: this.#inputNumber,
      hold: this.#hold,
      ...(after ? { after } : {}),
    });
  }

  /** Presses up to the number in `room.inputs` have counted. */
  #confirmInputs() {
    const counted = this.view.room.inputs[this.seat] ?? 0;
    this.#presses = this.#presses.filter(({ n }) => n > counted);
  }
}

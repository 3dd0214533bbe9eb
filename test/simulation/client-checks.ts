import type { Room } from '../../client/room.ts';
import type { Resumed } from '../../client/room-sync.ts';
import type { ActionResult } from '../../client/outbox.ts';
import type { Position } from '../../shared/position.ts';
import type { WireChange } from '../../shared/protocol.ts';
import type { TestClient } from '../../testkit/test-cluster.ts';
import type { TestNode } from '../../testkit/test-node.ts';
import { difference, isSame } from './independent-delta.ts';
import { marks, viewDiary, secrets, type Diary } from './games.ts';
import type { Entry } from './history.ts';
import type { RequestedAction, ReportViolation, JournalChecks } from './journal-checks.ts';

/** A player's room as the checkers see it, whatever game it is of. */
export type AnyRoom = Room;

/**
 * What players are told, checked when it is told: bytes when a node lets go of them, the state when a client shows it.
 */
export class ClientChecks {
  /** Sessions by player. */
  readonly sessions = new Map<string, string>();

  constructor(
    private readonly journal: JournalChecks,
    private readonly how: { hides: boolean; forgets: boolean },
    private readonly plays: (client: TestClient) => boolean,
    private readonly complain: ReportViolation,
    private readonly tell: (line: string) => void,
  ) {}

  /** A node tells a channel something. */
  checkChannelEvent(host: TestNode, channel: string, event: string, text: string): void {
    this.durable(text, () => `${host.name} told ${channel}`);
    this.secret(
      text,
      channel.includes(':player:') ? channel.slice(channel.indexOf(':player:') + 8) : null,
      () => `${host.name} told ${channel}`,
    );
    if (event === 'change')
      this.change(text, JSON.parse(text) as [string, ...WireChange], () => `${host.name} told ${channel}`);
    if (event === 'notice') {
      const [notice] = JSON.parse(text) as [{ head?: Position }];
      if (notice.head) this.committed(notice.head, () => `${host.name} announced`);
    }
  }

  /** A node writes to a client's line. */
  checkClientMessage(client: TestClient, name: string, text: string): void {
    const player = client.client?.player ?? null;
    this.secret(text, player, () => `${player} was sent ${name}`);
    if (name === 'change')
      this.change(
        text,
        (JSON.parse(text) as unknown[]).slice(1) as [string, ...WireChange],
        () => `${player} was sent ${name}`,
      );
    // The usual, short form: it says its term only when that is a new one, and the client's place is compared when it
    // is shown.
    if (name === 'c' || name === 's') this.durable(text, () => `${player} was sent a change`);
    // Under which term the head stands the client knows; how far it is can be seen here, unless Redis has forgotten
    // some.
    if (name === 'h' && !this.how.forgets) {
      const [, , seq] = JSON.parse(text) as ['h', number, number];
      if (seq > this.journal.head.seq)
        this.complain(
          'nobody sees what is not durable',
          `${player} was sent the head ${seq}, the journal ends at ${this.journal.head.seq}`,
        );
    }
    if (!name.endsWith('!') || name === 'place!') return;
    // Where a newer session comes in the same entry, the verdicts of the older one go with it: nobody can ask for them.
    if (this.plays(client)) this.durable(text, () => `${player} was sent ${name}`);
    const reply = JSON.parse(text) as {
      ok: boolean;
      place?: Position;
      verdicts?: [number, { seq: number; term?: number }][];
    };
    if (reply.place) this.committed(reply.place, () => `${player} was sent ${name}`);
    for (const [, { term, seq }] of reply.verdicts ?? [])
      if (term !== undefined) this.committed([term, seq], () => `${player} was sent the verdict`);
  }

  private change(text: string, [, term, seq]: [string, ...WireChange], what: () => string): void {
    this.durable(text, what);
    this.committed([term, seq], what);
  }

  private durable(text: string, what: () => string): void {
    for (const mark of text.match(marks) ?? [])
      if (!this.journal.history.marks.has(mark))
        this.complain('nobody sees what is not durable', `${what()} ${mark}, which is in no entry`);
  }

  private committed(place: Position, what: () => string): void {
    if (!this.journal.history.at(place))
      this.complain('nobody sees what is not durable', `${what()} of ${place.join('/')}, which is no entry`);
  }

  private secret(text: string, player: string | null, what: () => string): void {
    if (text.includes('§')) {
      const seat = this.journal.now.hidden.seats.findIndex(s => s?.player === player);
      for (const [word, whose] of text.matchAll(secrets))
        if (!this.how.hides || Number(whose) !== seat) this.complain('no secret leaves', `${what()} ${word}`);
    }
    for (const [whose, session] of this.sessions)
      if (whose !== player && text.includes(session))
        this.complain('no secret leaves', `${what()} the session of ${whose}`);
  }

  /** Looks at all that a client shows from now on. */
  watch(name: string, room: AnyRoom): void {
    let last = this.entryAt(room, name);
    this.compare(room, name, last);
    const heard = new Set<string>();
    room.onChange(() => {
      const entry = this.entryAt(room, name);
      if (!entry || entry === last || room.ended) return;
      last = entry;
      this.compare(room, name, entry);
    });
    room.onResume(resumed => {
      this.tell(
        `${name} restarted at ${this.short(room.position)}, by ${resumed.with}${resumed.lost ? ', with a loss' : ''}`,
      );
      this.resumed(room, name, before, resumed);
      before = last;
    });
    // What a client had before a resume: the change that a resume brings is told after it.
    let before = last;
    room.onChange(() => {
      before = last;
    });
    for (const event of ['added', 'drawn']) {
      room.on(event as never, data => {
        const one = (data as { id?: string; card?: string }).id ?? (data as { card: string }).card;
        if (heard.has(one) && !this.how.forgets) this.complain('events', `${name} heard ${event} ${one} twice`);
        heard.add(one);
      });
    }
  }

  private entryAt(room: AnyRoom, name: string): Entry | undefined {
    const entry = this.journal.history.at(room.position);
    if (!entry)
      this.complain('nobody sees what is not durable', `${name} is at ${room.position.join('/')}, which is no entry`);
    return entry;
  }

  /** What a client shows is what the journal gives at its place. */
  compare(room: AnyRoom, name: string, entry: Entry | undefined): void {
    if (!entry) return;
    const doc = entry === this.journal.head ? this.journal.now : this.journal.history.doc(entry);
    const state = doc.state && this.how.hides ? viewDiary(doc.state, room.seat) : doc.state;
    if (!isSame(room.info, doc.room))
      this.complain(
        'one history',
        `${name} at ${this.short(room.position)} shows another room: ${difference(room.info, doc.room)}`,
      );
    else if (!isSame(room.state as unknown as Diary, state))
      this.complain(
        'one history',
        `${name} at ${this.short(room.position)} shows another state: ${difference(room.state, state)}`,
      );
  }

  private resumed(room: AnyRoom, name: string, before: Entry | undefined, { lost }: Resumed): void {
    const now = this.journal.history.at(room.position);
    if (!before || !now || before === now) return;
    const { history } = this.journal;
    if (history.leadsTo(now, before) && history.kept(before))
      this.complain(
        'one history',
        `${name} was at ${this.short([before.term, before.seq])}, and was taken back to ${this.short([now.term, now.seq])}`,
      );
    // What had its verdict and was not shown yet can be lost too, where the store forgets.
    if (lost && this.how.forgets && history.leadsTo(before, now)) return;
    if (lost && history.kept(before))
      this.complain('losses are said', `${name} heard of a loss, and the store has all it had seen`);
    const ours = history.leadsTo(before, now);
    if (ours === lost)
      this.complain(
        'losses are said',
        `${name} came from ${before.term}/${before.seq} to ${now.term}/${now.seq}: ${ours ? 'nothing was lost, and it heard of a loss' : 'it was not told of the loss'}`,
      );
  }

  /** An action was answered. `excused`: its client or its room had an end, or the store fell back. */
  answered(one: RequestedAction, said: ActionResult, room: AnyRoom, excused: boolean): void {
    const { journal, complain } = this;
    if (said.ok) {
      one.verdict = 'accepted';
      const entry = journal.history.at(said.position);
      if (one.how === 'deny' || one.how === 'crash')
        complain('verdicts', `${one.id} is refused by the rules, and its player heard that it was accepted`);
      if (!entry?.marks.has(one.id))
        complain('verdicts', `${one.id} was accepted at ${said.position.join('/')}, whose entry does not have it`);
      const shown = room.ended ? undefined : journal.history.at(room.position);
      if (
        entry &&
        shown &&
        journal.history.kept(entry) &&
        journal.history.kept(shown) &&
        !journal.history.leadsTo(entry, shown)
      )
        complain('the effect is there with the verdict', `${one.id} was accepted, and its player does not see it`);
      if (entry && journal.history.kept(entry) && !journal.present.has(one.id))
        complain('verdicts', `${one.id} was accepted, and is not done`);
      return;
    }
    if (said.code === 'unknown') {
      one.verdict = 'unknown';
      if (!excused) complain('verdicts', `${one.id} has no verdict`);
      return;
    }
    one.verdict = 'refused';
    const expected: Partial<Record<RequestedAction['how'], string>> = {
      deny: 'denied',
      crash: 'rule-failed',
      arm: 'armed',
    };
    // As in `sent`: with a newer session in the same entry the verdict goes.
    if (!excused && (said.code === 'denied' || said.code === 'armed')) this.durable(one.id, () => `the verdict of`);
    if (expected[one.how] !== said.code && !excused)
      complain('verdicts', `${one.id} (${one.how}) was refused: ${said.code}`);
    journal.refused.add(one.id);
    if (journal.present.has(one.id)) complain('verdicts', `${one.id} was refused (${said.code}), and is done`);
  }

  short(place: Position): string {
    return `${this.termName(place[0])}/${place[1]}`;
  }
  /** Terms are long numbers: in a story they are T1, T2, … */
  termName(term: number): string {
    let name = this.names.get(term);
    if (!name) this.names.set(term, (name = term === 0 ? '0' : `T${this.names.size + 1}`));
    return name;
  }
  private readonly names = new Map<number, string>();
}

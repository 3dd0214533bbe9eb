import type { AnyGame } from '../../../shared/contract.ts';
import type { Json } from '../../../shared/json.ts';
import type { Position } from '../../../shared/position.ts';
import type { ActReply, Notice } from '../../../shared/protocol.ts';
import type { Channel, NodeMessage } from '../../runtime/ports.ts';
import { encodeEntry, type PendingEntry } from '../core/entry.ts';
import type { RoomDocument } from '../core/document.ts';
import { audienceOf, channelOf, type Audience, type Audiences } from './audiences.ts';
import type { Broadcaster } from './broadcaster.ts';
import type { Journal, OwnershipStatus } from './journal.ts';
import type { RemoteCaller, RoomChange } from './messages.ts';
import type { Presence } from './presence.ts';
import type { RoomHistory } from './room-history.ts';
import type { Recorder } from './recorder.ts';

/** An action of the batch whose caller is on another node. The reply is built before the entry is written. */
export interface RemoteAct<Key> {
  key: Key;
  caller: RemoteCaller;
  reply: ActReply;
}

/** The keys of the actions whose replies the store has published with the entry. */
export type PublishedReplies<Key> = ReadonlySet<Key>;

interface CommitterParts {
  id: string;
  game: AnyGame;
  doc: RoomDocument;
  term: number;
  position: Position;
  audiences: Audiences;
  recorder: Recorder;
  journal: Journal;
  history: RoomHistory | null;
  presence: Presence;
  broadcaster: Broadcaster;
}

/**
 * Commits entries: writes each to the journal, and then sends it to the members (SPEC O2, O21).
 * Invariants:
 *  - `position` is the room's last durable entry.
 *  - Nothing of an entry is sent before the journal has it. Messages that the store publishes are sent by the step that
 *    writes the entry.
 */
export class Committer {
  position: Position;

  constructor(private readonly parts: CommitterParts) {
    this.position = parts.position;
  }

  /**
   * Journals an entry, then sends it to the members.
   * @param acts the actions of the batch that wait for a reply on other nodes; null: no action is in the batch
   * @param isStillOwner called with the journal's answer, before anything is sent
   * @returns null when the room is lost; nothing was sent then
   */
  async commit<Key>(
    entry: PendingEntry,
    acts: readonly RemoteAct<Key>[] | null,
    isStillOwner: (status: OwnershipStatus) => boolean,
  ): Promise<PublishedReplies<Key> | null> {
    const { game, term, journal, history, recorder, doc, presence, broadcaster } = this.parts;
    const text = encodeEntry(entry);
    const position: Position = [term, entry.seq];
    // A view is a rule and may hang, so it is evaluated after the entry is written. Without views, changes are encoded
    // in advance; if the entry is not written, the actor ends and they are discarded.
    const encodedEarly = game.rules.view ? null : this.encodeChanges(entry, position, text.visible);
    const remote = encodedEarly && acts && this.remoteMessages(acts, encodedEarly);
    if (!isStillOwner(await journal.append(entry, text.entry, remote))) return null;
    const encoded = encodedEarly ?? this.encodeChanges(entry, position, text.visible);
    history?.entryCommitted(position, text.entry);
    recorder.commit(entry.seq, entry.changes, entry.events, doc);
    this.position = position;
    for (const [channel, change] of encoded) {
      if (remote === null) broadcaster.sendChange(presence.nodes, channel, change);
      else broadcaster.sendChangeLocally(channel, change);
    }
    return new Set(remote === null ? [] : acts?.map(({ key }) => key));
  }

  /**
   * The entry as each channel gets it.
   * @param visible its visible changes, encoded: in games without a view, members get this text
   */
  private encodeChanges(entry: PendingEntry, position: Position, visible: string): (readonly [Channel, RoomChange])[] {
    const { id, audiences, presence } = this.parts;
    return audiences
      .encodeChanges(position, this.position, entry.changes, entry.events, visible, presence.hasSpectators)
      .map(({ audience, ...change }) => [
        channelOf(id, audience),
        { room: id, term: position[0], seq: position[1], prevTerm: this.position[0], ...change },
      ]);
  }

  /**
   * The messages to other nodes that the store publishes in the same step in which it writes the entry: changes and
   * replies. That saves waiting for the store's reply. Used only if a player waits for an action; ticks are cheaper in
   * batched messages. Null: not used.
   */
  private remoteMessages(
    acts: readonly RemoteAct<unknown>[],
    changes: readonly (readonly [Channel, RoomChange])[],
  ): NodeMessage[] | null {
    const { journal, broadcaster, presence } = this.parts;
    if (!journal.canPublishOnAppend) return null;
    const replies = acts.map(({ caller, reply }) => [caller.node, caller.callId, reply as unknown as Json] as const);
    return broadcaster.remoteMessages(presence.nodes, changes, replies);
  }

  /** Sends to the members of one audience, on all nodes. */
  broadcast(audience: Audience, event: 'motion' | 'notice', ...what: unknown[]): void {
    const { broadcaster, presence, id } = this.parts;
    broadcaster.send(presence.nodes, channelOf(id, audience), event, ...what);
  }

  notifyAll(notice: Notice): void {
    const { game, doc } = this.parts;
    const audiences = new Set([
      audienceOf(game, null),
      ...doc.hidden.seats.flatMap(s => (s ? [audienceOf(game, s.player)] : [])),
    ]);
    for (const audience of audiences) this.broadcast(audience, 'notice', notice);
  }
}

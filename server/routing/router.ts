import { limits } from '../../shared/limits.ts';
import { makeRefusal } from '../../shared/refusals.ts';
import type { ClusterMembership } from '../ownership/cluster-membership.ts';
import type { Clock, Log, Meter } from '../runtime/ports.ts';
import { NotOwnerError } from '../rooms/actor/lifecycle.ts';
import { noCapableNode, rankTargets } from '../ownership/handover-targets.ts';
import { isRepeatable, type RoomMessage, type RoomReply, type RoomInputMessage } from '../rooms/actor/messages.ts';
import type { OwnedRooms } from '../ownership/owned-rooms.ts';
import { StoreError, type Owner, type Store } from '../store/store.ts';
import { OwnerCache } from './owner-cache.ts';
import { notOwner, type MovedReply } from '../messaging/node-calls.ts';
import { NoReplyError, NoListenerError, type NodeRpc } from '../messaging/node-rpc.ts';

/** The result of one attempt: a reply, or why there is none and whether the message may have been processed. */
type AttemptResult =
  | { reply: RoomReply }
  | {
      retry: 'unprocessed' | 'unknown';
      wait: number;
      wasDenied?: true;
      /** No live node can run the room. */
      hasNoCapableNode?: true;
    };

/**
 * Delivers messages to the owner of a room, and makes this node the owner if no live node is.
 * A message that may have been processed is sent to another owner only if it is repeatable (see `isRepeatable`).
 */
export class Router {
  readonly ownerCache = new OwnerCache();
  private closed = false;

  constructor(
    private readonly parts: {
      self: string;
      ownedRooms: OwnedRooms;
      store: Store;
      rpc: NodeRpc;
      membership: ClusterMembership;
      clock: Clock;
      log: Log;
      meter: Meter;
      isDraining(): boolean;
    },
  ) {
    parts.rpc.onCall('adopt', async (_from, { id, expected, floor }) =>
      parts.isDraining() ? false : (await parts.ownedRooms.acquire(id, expected, floor)).ok,
    );
    parts.rpc.onMessage('room-input', (from, [id, input]) => {
      const actor = parts.ownedRooms.get(id);
      if (actor) actor.receiveInput(input);
      else parts.rpc.send(from, 'not-owner', id);
    });
    parts.rpc.onMessage('not-owner', (from, id) => {
      if (this.ownerCache.get(id)?.node === from) this.ownerCache.forget(id);
    });
    parts.rpc.onCall('room', async (from, [id, message], callId) => {
      const actor = await parts.ownedRooms.getWhenReady(id);
      if (!actor) return this.replyNotOwner(id);
      try {
        const reply = await actor.sendFrom({ node: from, callId }, message);
        return reply === 'published' ? undefined : reply;
      } catch (error) {
        if (error instanceof NotOwnerError)
          return error.wasNotProcessed || isRepeatable(message) ? this.replyNotOwner(id) : makeRefusal('unknown');
        throw error;
      }
    });
  }

  /** Records that a room was handed over, so that later requests are redirected without a store lookup. */
  recordOwner(id: string, owner: Owner): void {
    this.ownerCache.set(id, owner);
  }

  private replyNotOwner(id: string): MovedReply | typeof notOwner {
    const owner = this.ownerCache.get(id);
    return owner === undefined || owner.node === null || owner.node === this.parts.self ? notOwner : { moved: owner };
  }

  /** Sends inputs to the owner, without a reply. They may be lost; clients resend what matters. */
  sendInput(id: string, input: RoomInputMessage): void {
    if (!this.pendingInputs.has(id) && this.trySendInput(id, input)) return;
    const waiting = this.pendingInputs.get(id);
    if (waiting) return void (waiting.length < limits.inputsResent && waiting.push(input));
    // The known owner is missing or dead. A new one may already have announced itself to the clients, so it is looked
    // up.
    const queue = [input];
    this.pendingInputs.set(id, queue);
    void this.lookUpOwner(id)
      .catch(() => null)
      .then(() => {
        this.pendingInputs.delete(id);
        for (const queued of queue) this.trySendInput(id, queued);
      });
  }
  /** Inputs that wait for the owner lookup, in order. */
  private readonly pendingInputs = new Map<string, RoomInputMessage[]>();

  /** @returns whether a live owner is known */
  private trySendInput(id: string, input: RoomInputMessage): boolean {
    const { ownedRooms, rpc, membership, self } = this.parts;
    const actor = ownedRooms.get(id);
    if (actor) {
      actor.receiveInput(input);
      return true;
    }
    const owner = this.ownerCache.get(id)?.node ?? null;
    if (owner === null || owner === self || membership.isDead(owner)) return false;
    rpc.sendLater(owner, 'room-input', [id, input]); // inputs count from the next tick
    return true;
  }

  /** Refuses further requests, and claims no more rooms. */
  close(): void {
    this.closed = true;
  }

  /**
   * Never throws: failures are returned as refusals.
   * @param options.timeout how long (ms) to retry
   * @param options.isWanted called before each attempt; false ends the retries
   */
  async request(
    id: string,
    message: RoomMessage,
    options: { timeout?: number; isWanted?(): boolean } = {},
  ): Promise<RoomReply> {
    const { clock, log } = this.parts;
    const until = clock.mono() + (options.timeout ?? limits.requestTimeout);
    /** Number of denials by owner token. */
    const denials = new Map<string, number>();
    for (;;) {
      if (this.closed || options.isWanted?.() === false) return makeRefusal('unavailable', undefined, 500);
      let result: AttemptResult;
      try {
        result = await this.attempt(id, message, denials);
      } catch (error) {
        if (!(error instanceof StoreError)) log.error({ room: id, error }, 'room request failed');
        // Only claims and lookups throw here: the message itself was not processed.
        result = { retry: 'unprocessed', wait: 100 };
      }
      if ('reply' in result) return result.reply;
      if (result.retry === 'unknown' && !isRepeatable(message)) return makeRefusal('unknown');
      // `ensure-owner` does not wait for a capable node: its callers repeat it.
      if (clock.mono() + result.wait >= until || (result.hasNoCapableNode && message.k === 'ensure-owner'))
        return makeRefusal('unavailable', result.hasNoCapableNode && noCapableNode, 500);
      if (result.wait > 0) await clock.sleep(result.wait);
    }
  }

  /**
   * Ensures that a node runs the room: this one claims it if no live node owns it. Never throws.
   * @param timeout in ms
   */
  ensureOwner(id: string, timeout: number = limits.requestTimeout): Promise<RoomReply> {
    return this.request(id, { k: 'ensure-owner' }, { timeout });
  }

  private async attempt(id: string, message: RoomMessage, denials: Map<string, number>): Promise<AttemptResult> {
    const actor = this.parts.ownedRooms.get(id);
    if (actor) {
      try {
        return { reply: await actor.send(message) };
      } catch (error) {
        if (!(error instanceof NotOwnerError)) throw error;
        if (this.ownerCache.get(id)?.token === actor.token) this.ownerCache.forget(id);
        return { retry: error.wasNotProcessed ? 'unprocessed' : 'unknown', wait: 0 };
      }
    }
    const owner = this.ownerCache.get(id) ?? (await this.lookUpOwner(id));
    if (!owner) return { reply: makeRefusal('room-missing') };
    // Denied twice while the store still names it: that node has abandoned the room and failed to release it.
    const isDisowned = owner.token !== null && (denials.get(owner.token) ?? 0) >= 2;
    if (owner.node === null || owner.node === this.parts.self || isDisowned || this.parts.membership.isDead(owner.node))
      return this.claimRoom(id, owner);
    const result = await this.forward(id, owner.node, owner.term, message);
    if ('wasDenied' in result && owner.token !== null) denials.set(owner.token, (denials.get(owner.token) ?? 0) + 1);
    return result;
  }

  private async lookUpOwner(id: string): Promise<Owner | null> {
    const owner = await this.parts.store.owner(id);
    if (owner) this.ownerCache.set(id, owner);
    return owner;
  }

  private async claimRoom(id: string, known: Owner): Promise<AttemptResult> {
    if (this.parts.isDraining() && (await this.delegateClaim(null, id, known)))
      return { retry: 'unprocessed', wait: 0 };
    const acquired = await this.parts.ownedRooms.acquire(id, known.token, known.term);
    if (acquired.ok) {
      this.ownerCache.forget(id);
      return { retry: 'unprocessed', wait: 0 };
    }
    switch (acquired.why) {
      case 'missing':
        this.ownerCache.forget(id);
        return { reply: makeRefusal('room-missing') };
      case 'unreadable':
        return { reply: makeRefusal('room-quarantined') };
      case 'game':
        return (await this.delegateClaim(acquired.game, id, known))
          ? { retry: 'unprocessed', wait: 0 }
          : { retry: 'unprocessed', wait: 200, hasNoCapableNode: true };
      case 'taken':
        this.ownerCache.set(id, acquired.owner);
        // The owner is missing, dead, or this node until a moment ago: the room can be claimed with the token just
        // read.
        return { retry: 'unprocessed', wait: acquired.owner.node === this.parts.self ? 20 : 0 };
    }
  }

  /** Makes another node claim a room that this one cannot or should not run. @returns whether it has */
  private async delegateClaim(game: string | null, id: string, known: Owner): Promise<boolean> {
    const { membership, rpc } = this.parts;
    const target = rankTargets(membership.aliveNodes(), game)[0];
    this.ownerCache.forget(id);
    return (
      target !== undefined &&
      rpc.call(target.id, 'adopt', { id, expected: known.token, floor: known.term }).catch(() => false)
    );
  }

  private async forward(id: string, node: string, term: number, message: RoomMessage): Promise<AttemptResult> {
    const { rpc, membership, clock, meter } = this.parts;
    const started = clock.mono();
    try {
      const reply = await rpc.call(node, 'room', [id, message]);
      if (reply === notOwner) {
        this.ownerCache.forget(id);
        return { retry: 'unprocessed', wait: 10, wasDenied: true };
      }
      if ('moved' in reply) {
        const { moved } = reply;
        // Hints are followed only to higher terms, so a message cannot loop between two nodes.
        if (moved.term <= term) this.ownerCache.forget(id);
        else this.ownerCache.set(id, moved);
        return { retry: 'unprocessed', wait: moved.term <= term ? 10 : 0, wasDenied: true };
      }
      meter.observe('forwardRoundTrip', clock.mono() - started);
      return { reply };
    } catch (error) {
      this.ownerCache.forget(id);
      if (error instanceof NoListenerError) {
        const dead = await membership.suspect(node);
        return { retry: 'unprocessed', wait: dead ? 0 : 20 };
      }
      if (error instanceof NoReplyError) return { retry: 'unknown', wait: 0 };
      throw error;
    }
  }
}

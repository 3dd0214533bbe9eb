import type { MemoryStore } from '../server/store/memory-store.ts';
import type { NodeMessage } from '../server/runtime/ports.ts';
import {
  StoreError,
  type AppendRequest,
  type FindOrCreate,
  type NewRoom,
  type SnapshotRequest,
  type Store,
} from '../server/store/store.ts';
import { asSent } from './as-sent.ts';
import { JournalVerifier } from './journal-verifier.ts';
import type { TestNode } from './test-node.ts';

/** Fault of one call to the store. Without fields the call is executed normally. */
export interface StoreFault {
  /** Executed when this resolves. */
  hold?: Promise<void>;
  /** Executed at once; the caller receives the result when this resolves. */
  holdReply?: Promise<void>;
  /**
   * `refused`: not executed, and reported as refused. `request`: not executed, unknown outcome. `reply`: executed,
   * unknown outcome.
   */
  lose?: 'refused' | 'request' | 'reply';
  /** Executed twice, as for a client that retries after a lost answer; the second result is returned. */
  repeat?: true;
}
type Operation = Exclude<keyof Store, 'onIncarnation' | 'close' | 'canPublishOnAppend'>;
export interface StoreCall {
  op: Operation;
  node: string;
  room: string | undefined;
  append?: AppendRequest;
  created?: NewRoom | undefined;
  /** The store's result, once it is known. */
  result?: unknown;
}

/** What a test decides about the store, at any time. */
export interface StoreControls {
  readonly memory: MemoryStore;
  readonly clock: { fail(error: Error): void };
  readonly faultFor: (call: StoreCall) => StoreFault | undefined;
  readonly storePublishes: () => boolean;
  readonly observer: { onStoreCall?(call: StoreCall, args: readonly unknown[]): void };
  readonly keepsRecord: boolean;
  readonly verifiesJournal: boolean;
  /** Every executed call, if `keepsRecord`. */
  readonly storeCalls: StoreCall[];
}

/** A node, and its connection to the store. */
export interface StoreClient {
  host: TestNode;
  /** A network call of the node. */
  call<T>(what: string, carryOut: () => Promise<T>): Promise<T>;
  /** Delivers a message that the store publishes with an entry. */
  deliver(message: NodeMessage): void;
}

/** The nodes' store: executes each call with the fault that the test selects, and verifies what owners write. */
export class FaultyStore {
  private readonly verifier: JournalVerifier;
  private id = 0;

  constructor(private readonly controls: StoreControls) {
    this.verifier = new JournalVerifier(id => controls.memory.peek(id));
  }

  /** Changes with each replacement. */
  get currentId(): number {
    return this.id;
  }

  /** Replaces the store: pending calls have an unknown outcome. @returns the new id */
  replace(): number {
    this.verifier.forget();
    return ++this.id;
  }

  /** The store as one node sees it. */
  of(client: StoreClient): Store {
    const { host } = client;
    const operation =
      (op: Operation) =>
      (...args: unknown[]) => {
        const asked = host.storeId;
        return client.call(op, () => carryOut(op, args, asked));
      };
    const carryOut = async (op: Operation, args: readonly unknown[], asked: number): Promise<unknown> => {
      const call: StoreCall = {
        op,
        node: host.name,
        room: typeof args[0] === 'string' ? args[0] : undefined,
        ...(op === 'append' ? { append: args[1] as AppendRequest } : {}),
        ...(op === 'create' ? { created: args[0] as NewRoom } : {}),
        ...(op === 'findOrCreate' ? { created: (args[0] as FindOrCreate).prepared ?? undefined } : {}),
      };
      const fate = this.controls.faultFor(call);
      await fate?.hold;
      if (fate?.lose === 'refused') throw new StoreError('no', false, 'a test refused it');
      if (fate?.lose === 'request') throw new StoreError('maybe', true, 'a test lost the request');
      if (asked !== this.id) throw new StoreError('maybe', true, 'the connection broke');
      if (this.controls.keepsRecord) this.controls.storeCalls.push(call);
      let result: unknown;
      for (let times = fate?.repeat ? 2 : 1; times > 0; times--) {
        const given = asSent(args);
        result = call.result = await (this.controls.memory[op] as (...args: unknown[]) => Promise<unknown>)(...given);
        this.controls.observer.onStoreCall?.(call, given);
        if (result === 'ok') for (const message of call.append?.publish ?? []) client.deliver(message);
      }
      if (result === 'ok') await this.verifyJournal(host, call, args);
      await fate?.holdReply;
      // An answer of the replaced store that has not arrived is lost.
      if (asked !== this.id) throw new StoreError('maybe', true, 'the connection broke');
      if (fate?.lose === 'reply') throw new StoreError('maybe', true, 'a test lost the reply');
      return result;
    };
    // A proxy, so that it covers all operations of the contract.
    return new Proxy(
      {},
      {
        get: (_t, name) => {
          if (name === 'onIncarnation')
            return (changed: () => void) => {
              host.onIncarnation = changed;
            };
          if (name === 'close') return async () => {};
          if (name === 'canPublishOnAppend') return this.controls.storePublishes();
          return operation(name as Operation);
        },
      },
    ) as Store;
  }

  /** The owner does nothing while an append or a snapshot is pending, so its document must equal what was written. */
  private async verifyJournal(
    host: TestNode,
    { op, room, append, created }: StoreCall,
    args: readonly unknown[],
  ): Promise<void> {
    try {
      if (created) this.verifier.recordCreated(created.id, created.snapshot);
      else if (op === 'snapshot') {
        const { seq, text } = args[1] as SnapshotRequest;
        this.verifier.verifySnapshot(room!, seq, text);
      } else if (append) {
        const owner = host.node.ownedRooms.get(room!);
        if (this.controls.verifiesJournal)
          await this.verifier.verifyAppended(
            room!,
            append.seq,
            append.entry,
            owner?.token === append.token ? owner.doc : null,
          );
      }
    } catch (error) {
      this.controls.clock.fail(error as Error);
    }
  }
}

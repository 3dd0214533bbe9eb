import { limits } from '../../../shared/limits.ts';
import { makeRefusal } from '../../../shared/refusals.ts';
import type { Command } from '../core/commands.ts';
import { NotOwnerError } from './lifecycle.ts';
import type { RemoteCaller, RoomMessage, RoomReply } from './messages.ts';

/** `published`: the store has published the reply in the step that wrote the entry. */
export type Delivered = RoomReply | 'published';

/** A message, and how it is answered. */
export interface MailboxItem {
  message: RoomMessage;
  /** Set if the message came from another node. */
  caller: RemoteCaller | null;
  resolve(reply: Delivered): void;
  reject(error: Error): void;
}
/**
 * A command of a batch, and the message it came from; `command` is null for messages that only read, `item` for the
 * engine's own commands.
 */
export interface BatchItem {
  command: Command | null;
  item: MailboxItem | null;
}

/** What waits for a room's loop: messages (`limits.mailbox` at most; more are refused), and the engine's own commands. */
export class Mailbox {
  private readonly items: MailboxItem[] = [];
  private readonly commands: Command[] = [];
  /** The batch that is being run and journaled. */
  private inFlight: readonly BatchItem[] = [];

  get size(): number {
    return this.items.length + this.commands.length;
  }
  get hasCommands(): boolean {
    return this.commands.length > 0;
  }

  add(message: RoomMessage, caller: RemoteCaller | null): Promise<Delivered> {
    if (this.items.length >= limits.mailbox) return Promise.resolve(makeRefusal('busy', undefined, 200));
    return new Promise((resolve, reject) => this.items.push({ message, caller, resolve, reject }));
  }
  addCommands(...commands: readonly Command[]): void {
    this.commands.push(...commands);
  }

  takeCommands(): BatchItem[] {
    return this.commands.splice(0).map(command => ({ command, item: null }));
  }
  takeMessages(): MailboxItem[] {
    return this.items.splice(0, limits.batch);
  }

  /** Queues the rest of a batch again. Due timers are found again; a tick after the end of a match does nothing. */
  putBack(rest: readonly BatchItem[]): void {
    this.items.unshift(...rest.flatMap(({ item }) => item ?? []));
    this.commands.unshift(
      ...rest.flatMap(({ command, item }) =>
        command && !item && command.kind !== 'timers' && command.kind !== 'tick' ? [command] : [],
      ),
    );
  }

  batchStarted(batch: readonly BatchItem[]): void {
    this.inFlight = batch;
  }
  /** Drops the batch: otherwise a sleeping room would retain its last replies, which may contain its whole state. */
  batchAnswered(): void {
    this.inFlight = [];
  }

  /** Rejects all messages at once: they must not wait for an append that hangs. */
  rejectAll(why: string): void {
    for (const { item } of this.inFlight) item?.reject(new NotOwnerError(why, false));
    for (const item of this.items.splice(0)) item.reject(new NotOwnerError(why, true));
  }
}

import type { Socket as TcpSocket } from 'node:net';

/** An Engine.IO connection, as far as it is used here. */
interface Flushing {
  flush(): void;
  readonly transport: { readonly socket?: { readonly _socket?: TcpSocket } };
}

/**
 * Has all that a client is told within one turn of the loop leave in one write: the answer to an action and the change that
 * it made, say. By itself Engine.IO writes each packet by a system call of its own, the second when the first is through, and
 * system calls are most of what a busy node does.
 */
export function oneWriteATurn(line: Flushing): void {
  const flush = line.flush.bind(line);
  let due = false;
  line.flush = () => {
    if (due) return;
    due = true;
    setImmediate(() => {
      due = false;
      const socket = line.transport.socket?._socket; // none where it polls
      socket?.cork();
      flush();
      socket?.uncork();
    });
  };
}

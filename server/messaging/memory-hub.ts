import type { Bus, ListenerCounts, NodeRecord, NodeRegister } from '../runtime/ports.ts';
import type { LastHeartbeat } from '../store/store.ts';

/** Inboxes and register of the nodes of one process: the embedded default, and clusters in tests. */
export class MemoryHub implements NodeRegister {
  private readonly inboxes = new Map<string, (text: string) => void>();
  private readonly records = new Map<string, NodeRecord>();

  /** A node's last heartbeat; null if it is not registered. */
  readonly lastHeartbeat = (node: string): LastHeartbeat | null => this.records.get(node) ?? null;

  /** Creates the bus of one node. */
  bus(): Bus & { close(): Promise<void> } {
    let listening: string | null = null;
    return {
      publish: async messages =>
        messages.map(({ node, text }) => {
          const inbox = this.inboxes.get(node);
          if (!inbox) return 0;
          void Promise.resolve(text).then(inbox); // not queueMicrotask, which tests may have faked
          return 1;
        }),
      listen: async (node, on) => {
        listening = node;
        this.inboxes.set(node, on);
      },
      close: async () => {
        if (listening !== null) this.inboxes.delete(listening);
      },
    };
  }

  async heartbeat(record: NodeRecord): Promise<{ nodes: NodeRecord[]; listeners: ReadonlyMap<string, number> }> {
    this.records.set(record.id, record);
    return {
      nodes: [...this.records.values()],
      listeners: new Map([...this.records.keys()].map(id => [id, this.inboxes.has(id) ? 1 : 0])),
    };
  }

  async listeners(node: string): Promise<ListenerCounts> {
    return { inbox: this.inboxes.has(node) ? 1 : 0, register: this.records.has(node) ? 1 : 0 };
  }
  async remove(node: string): Promise<void> {
    this.records.delete(node);
  }
}

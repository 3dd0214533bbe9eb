import type { Gateway } from './gateway/gateway.ts';
import type { Bus, NodeRegister } from './runtime/ports.ts';
import type { Store } from './store/store.ts';

/** The parts that differ between a single node and a node of a cluster. */
export interface Backend {
  store: Store;
  bus: Bus;
  register: NodeRegister;
  /** Sets up broadcasts between nodes. */
  attach(gateway: Gateway, resync: () => void): Promise<void>;
  close(): Promise<void>;
}

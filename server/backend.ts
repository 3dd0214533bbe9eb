import type { Gateway } from './gateway/gateway.ts';
import type { Bus, NodeRegister } from './runtime/ports.ts';
import type { Store } from './store/store.ts';

/** The parts that differ between one node alone and a node of a cluster. */
export interface Backend {
  store: Store;
  bus: Bus;
  register: NodeRegister;
  /** Puts the broadcast path between nodes under the gateway. */
  attach(gateway: Gateway, resync: () => void): Promise<void>;
  close(): Promise<void>;
}

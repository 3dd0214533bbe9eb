import type { Gateway } from './gateway/gateway.ts';
import type { Bus, Register } from './ports.ts';
import type { Store } from './store/contract.ts';

/** The parts that differ between one node alone and a node of a cluster. */
export interface Backing {
  store: Store;
  bus: Bus;
  register: Register;
  /** Puts the broadcast path between nodes under the gateway. */
  attach(gateway: Gateway, resync: () => void): Promise<void>;
  close(): Promise<void>;
}

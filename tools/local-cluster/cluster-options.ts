import type { Routing } from './nginx-conf.ts';
import type { NodeCommand, NodeState } from './node-process.ts';

/** Options of `startCluster`. */
export interface ClusterOptions {
  readonly nodes: number;
  /** nginx's port; 0 or undefined: a free one. */
  readonly port?: number;
  /** How nginx routes players to nodes; undefined: by address. */
  readonly routing?: Routing;
  /** First of the nodes' consecutive ports, where free; undefined: any free ones. */
  readonly firstNodePort?: number;
  /** nginx lets requests for the page for authors through; by default it refuses them, as in production. */
  readonly devPage?: boolean;
  /** Prints nothing. */
  readonly quiet?: boolean;
  /** A folder that is kept and can be reused; undefined: a new one, which `stop` removes. */
  readonly runDir?: string;
  /** Number of Redis replicas, with three sentinels; undefined: none, and no sentinels. */
  readonly replicas?: number;
  /**
   * Silence (ms) after which a sentinel declares a server down; undefined: 1,000. Must exceed the machine's worst
   * stalls, or a live master is replaced.
   */
  readonly downAfterMs?: number;
  /** Number of replicas that must confirm an entry before it is acknowledged; undefined: 1 if there are replicas. */
  readonly waitReplicas?: number;
  /** Additional Redis settings, such as `{ appendfsync: 'always' }`. */
  readonly redis?: Readonly<Record<string, string>>;
  /** Additional environment for every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Serves the control API of the page's cluster panel, on this port if it is free. */
  readonly control?: { readonly port?: number };
  /** Restarts processes that end unexpectedly. */
  readonly restartCrashed?: boolean;
  /** Aborts a start in progress, and stops everything that was started. */
  readonly signal?: AbortSignal;
  /** The script of this repository that a node runs; it is compiled first. Default: the demo server. */
  readonly script?: string;
  /** Arguments of node for a node of the cluster, in place of `script`; `label` must be among them (see `NodeCommand`). */
  readonly command?: NodeCommand;
  /** Proxies between the parts, for example to cut connections. */
  readonly proxies?: ClusterProxies;
}

/** Each function is called once per node, before it starts. */
export interface ClusterProxies {
  /** The port at which a node connects to Redis, instead of Redis's own. */
  redisPort?(node: string, redisPort: number): Promise<number>;
  /** The port at which nginx connects to a node, instead of the node's own. */
  nodePort?(node: string, port: number): Promise<number>;
}

/** A node's current state. */
export interface NodeInfo {
  readonly name: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly state: NodeState;
  /** URL of the node itself, bypassing nginx. */
  readonly url: string;
}

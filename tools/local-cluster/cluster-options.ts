import type { Routing } from './nginx-conf.ts';
import type { NodeState } from './node-process.ts';

/** What `startCluster` may be told. */
export interface ClusterOptions {
  readonly nodes: number;
  /** nginx's port; 0 or absent for a free one. */
  readonly port?: number;
  /** How nginx leads players to nodes; absent: by address. */
  readonly routing?: Routing;
  /** The nodes' ports count up from here where they are free; absent, any free ones. */
  readonly firstNodePort?: number;
  /** Print nothing. */
  readonly quiet?: boolean;
  /** Kept and used again; absent, a fresh folder that `stop` removes. */
  readonly runDir?: string;
  /** How many replicas Redis has, with three sentinels beside them; absent: none, and no sentinels. */
  readonly replicas?: number;
  /**
   * Silence (ms) after which a sentinel holds a server for dead; absent: 1,000. Longer than the worst moments of the
   * machine, or one that lives is replaced.
   */
  readonly downAfterMs?: number;
  /** How many replicas must have an entry before anybody is told; absent: 1 where there are any. */
  readonly waitReplicas?: number;
  /** Redis settings beside ours, such as `{ appendfsync: 'always' }`. */
  readonly redis?: Readonly<Record<string, string>>;
  /** More environment for every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Serve the control that the page's cluster panel uses, on this port if it is free. */
  readonly control?: { readonly port?: number };
  /** Start again, after a short while, what ends without having been asked to. */
  readonly restartCrashed?: boolean;
  /** Ends a start that is under way, and all that has been started. */
  readonly signal?: AbortSignal;
  /** What a node runs, from the repository's folder. */
  readonly script?: string;
  /** What lies between the parts, such as a proxy that can cut one off from another. */
  readonly proxies?: ClusterProxies;
}

/** Asked once for each node, before it is started. */
export interface ClusterProxies {
  /** The port on which a node finds Redis, instead of Redis's own. */
  redisPort?(node: string, redisPort: number): Promise<number>;
  /** The port on which nginx finds a node, instead of the node's own. */
  nodePort?(node: string, port: number): Promise<number>;
}

/** One node, as it is at the moment of asking. */
export interface NodeInfo {
  readonly name: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly state: NodeState;
  /** Straight to this node, past nginx. */
  readonly url: string;
}

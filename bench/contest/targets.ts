import type { Figure } from './round.ts';

/**
 * What is aimed at: the median of one contestant's figure over another's, round by round. `to` null: the figure by
 * itself. `less`: the difference, not the ratio. `than`: the other's figure in that workload, with as many clients.
 */
export interface Target {
  workload: string;
  clients?: number;
  figure: Figure;
  of: string;
  to: string | null;
  most: number;
  less?: true;
  than?: string;
}

/** Within a tenth counts as met. */
export const tolerance = 1.1;

export const targets: readonly Target[] = [
  // One process beside one process, as Colyseus and Socket.IO alone are; then two that share the work.
  { workload: 'arena', clients: 400, figure: 'cpu', of: 'rejoin-redis', to: 'colyseus', most: 1 },
  { workload: 'arena', clients: 400, figure: 'cpu', of: 'rejoin-redis', to: 'socket.io', most: 0.8 },
  { workload: 'arena', clients: 400, figure: 'cpu', of: 'rejoin-owner', to: 'colyseus', most: 1 },
  { workload: 'arena', clients: 400, figure: 'cpu', of: 'rejoin-owner', to: 'socket.io', most: 0.8 },
  { workload: 'arena', clients: 400, figure: 'cpu', of: 'rejoin-spread', to: 'socket.io-redis', most: 0.6 },
  { workload: 'arena', figure: 'bytes', of: 'rejoin-owner', to: 'colyseus', most: 1 },
  { workload: 'arena', clients: 400, figure: 'jitter', of: 'rejoin-redis', to: null, most: 5 },
  { workload: 'arena', clients: 400, figure: 'jitter', of: 'rejoin-owner', to: null, most: 5 },
  { workload: 'views', figure: 'cpu', of: 'rejoin-owner', to: 'rejoin-owner', than: 'arena', most: 1.5 },
  { workload: 'views', figure: 'cpu', of: 'rejoin-owner', to: 'colyseus', most: 1 },
  { workload: 'saturated', figure: 'cpu', of: 'rejoin-spread', to: 'socket.io-redis', most: 0.6 },
  { workload: 'saturated', figure: 'cpu', of: 'rejoin-redis', to: 'colyseus', most: 1.5 },
  { workload: 'saturated', figure: 'cpu', of: 'rejoin-owner', to: 'colyseus', most: 1.5 },
  { workload: 'paced', figure: 'p50', of: 'rejoin-spread', to: 'socket.io-redis', most: 1.3 },
  { workload: 'paced', figure: 'p99', of: 'rejoin-spread', to: 'socket.io-redis', most: 1.3 },
  { workload: 'arena', clients: 400, figure: 'cpu', of: 'rejoin-file', to: 'rejoin-memory', most: 1.3 },
  { workload: 'paced', figure: 'p99', of: 'rejoin-file', to: 'rejoin-memory', less: true, most: 1 },
  { workload: 'idle', figure: 'memory', of: 'rejoin-memory', to: 'socket.io', less: true, most: 6 },
  { workload: 'idle', figure: 'memory', of: 'rejoin-redis', to: 'socket.io', less: true, most: 6 },
];

import { type Ablation } from './ablation.ts';

export const seats: readonly Ablation[] = [];

import { type Ablation } from './ablation.ts';

export const lobby: readonly Ablation[] = [];

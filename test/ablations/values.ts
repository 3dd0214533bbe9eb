import { type Ablation } from './ablation.ts';

export const values: readonly Ablation[] = [];

import { type Ablation } from './ablation.ts';

export const life: readonly Ablation[] = [];

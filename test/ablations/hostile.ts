import { type Ablation } from './ablation.ts';

export const hostile: readonly Ablation[] = [];

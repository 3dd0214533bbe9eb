import { type Ablation } from './ablation.ts';

export const time: readonly Ablation[] = [];

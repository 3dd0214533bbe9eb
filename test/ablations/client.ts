import { type Ablation } from './ablation.ts';

export const client: readonly Ablation[] = [];

import { membershipFaults } from './membership-faults.ts';
import { masterFaults } from './master-faults.ts';
import type { Nemesis } from './nemesis.ts';
import { networkFaults } from './network-faults.ts';
import { processFaults } from './process-faults.ts';
import { infrastructureFaults } from './infrastructure-faults.ts';

/** Every kind of fault that the lab knows, in the order of the report. */
export const nemeses: readonly Nemesis[] = [
  ...processFaults,
  ...membershipFaults,
  ...infrastructureFaults,
  ...networkFaults,
  ...masterFaults,
];

/** @throws when a kind is not known */
export function selectNemeses(kinds: readonly string[]): readonly Nemesis[] {
  const strange = kinds.filter(kind => !nemeses.some(n => n.kind === kind));
  if (strange.length > 0)
    throw new Error(`no such kind of fault: ${strange.join(', ')}. There are: ${nemeses.map(n => n.kind).join(', ')}`);
  return kinds.length === 0 ? nemeses : nemeses.filter(n => kinds.includes(n.kind));
}

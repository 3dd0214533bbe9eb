import { limits } from '../../shared/limits.ts';
import type { Owner } from '../store/store.ts';

/**
 * The last known owners of rooms. A hint: a node that is not the owner says so. The least recently set entry is
 * evicted.
 */
export class OwnerCache {
  private readonly owners = new Map<string, Owner>();

  get(id: string): Owner | undefined {
    return this.owners.get(id);
  }

  set(id: string, owner: Owner): void {
    this.owners.delete(id);
    this.owners.set(id, owner);
    if (this.owners.size > limits.ownerCacheEntries) this.owners.delete(this.owners.keys().next().value!);
  }

  forget(id: string): void {
    this.owners.delete(id);
  }
}

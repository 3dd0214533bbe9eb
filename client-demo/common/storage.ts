/** A storage that answers at once and never throws. */
export type PageStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The browser's storage under a prefix; where the browser forbids it, memory, so that the page works all the same. */
function createPageStorage(find: () => Storage, prefix: string): PageStorage {
  const memory = new Map<string, string>();
  const attempt = <T>(fn: () => T, otherwise: T): T => {
    try {
      return fn();
    } catch {
      return otherwise; // private mode, full, or switched off
    }
  };
  return {
    getItem: key => attempt(() => find().getItem(prefix + key), null) ?? memory.get(key) ?? null,
    setItem(key, value) {
      memory.set(key, value);
      attempt(() => find().setItem(prefix + key, value), undefined);
    },
    removeItem(key) {
      memory.delete(key);
      attempt(() => find().removeItem(prefix + key), undefined);
    },
  };
}

/** Shared by all windows of this browser, and kept between visits. */
export const shared = createPageStorage(() => localStorage, '');
/** This window's own; it survives a reload. */
export const own = createPageStorage(() => sessionStorage, 'own.');
/** The second seat of someone who plays both. */
export const second = createPageStorage(() => sessionStorage, 'second.');

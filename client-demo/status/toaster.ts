import { Cell } from '../common/cell.ts';

export interface Toast {
  id: number;
  text: string;
}

const toastMs = 6_000;
const maxToasts = 3;

/** Short messages that disappear by themselves. */
export class Toaster {
  readonly toasts = new Cell<readonly Toast[]>([]);
  private next = 0;

  show(text: string): void {
    const toast = { id: this.next++, text };
    this.toasts.set([...this.toasts.value.filter(t => t.text !== text), toast].slice(-maxToasts));
    setTimeout(() => this.toasts.set(this.toasts.value.filter(t => t !== toast)), toastMs);
  }
}

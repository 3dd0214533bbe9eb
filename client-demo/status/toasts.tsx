import { useCell } from '../common/cell.ts';
import type { Toaster } from './toaster.ts';

export function Toasts({ toaster }: { toaster: Toaster }) {
  const toasts = useCell(toaster.toasts);
  return (
    <div class="toasts" role="status" aria-live="polite" data-testid="toasts">
      {toasts.map(({ id, text }) => (
        <p key={id} class="toast">
          {text}
        </p>
      ))}
    </div>
  );
}

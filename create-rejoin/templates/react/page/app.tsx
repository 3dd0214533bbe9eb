import { useEffect, useState } from 'react';
import { Home } from './home.tsx';
import { codeInAddress, enter, whyNot, type Table, type Way } from './session.ts';
import { TableScreen } from './table.tsx';

/** Entering the table of the page's address happens once, however often React mounts the app. */
const first: { entering?: Promise<Table> } = {};

export function App() {
  const [table, setTable] = useState<Table | null>(null);
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(codeInAddress() !== null);

  function follow(entering: Promise<Table>): void {
    setBusy(true);
    entering.then(setTable, error => setProblem(whyNot(error))).finally(() => setBusy(false));
  }

  useEffect(() => {
    const code = codeInAddress();
    if (code !== null) follow((first.entering ??= enter({ code })));
  }, []);

  if (table) return <TableScreen table={table} onClose={() => setTable(null)} />;
  return <Home isBusy={isBusy} problem={problem} onEnter={(way: Way) => follow(enter(way))} />;
}

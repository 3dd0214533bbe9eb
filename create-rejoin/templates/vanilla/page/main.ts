import { homeScreen } from './home.ts';
import { codeInAddress, enter, whyNot, type Way } from './session.ts';
import { tableScreen } from './table.ts';
import './style.css';
import './board.css';

const app = document.querySelector<HTMLElement>('#app')!;

function showHome(problem = ''): void {
  app.replaceChildren(homeScreen({ enter: go, problem }));
}

async function go(way: Way): Promise<void> {
  try {
    const table = await enter(way);
    app.replaceChildren(tableScreen(table, () => showHome()));
  } catch (error) {
    showHome(whyNot(error));
  }
}

const code = codeInAddress();
if (code === null) showHome();
else void go({ code });
// Another code was typed or pasted into the address.
addEventListener('hashchange', () => location.reload());

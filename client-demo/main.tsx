import { render } from 'preact';
import { App } from './app.tsx';
import { takeControlToken } from './cluster/control-token.ts';
import { resolveWindowPlayer } from './identity.ts';
import { resetSeatColors } from './seat-colors.ts';
import { readRoute } from './route.ts';
import { speaker } from './sound/speaker.ts';
import { Windows } from './windows.ts';

takeControlToken();
speaker.attach(window);
resetSeatColors();
const windows = new Windows();
const arrival = await resolveWindowPlayer(windows, readRoute());
render(<App arrival={arrival} windows={windows} />, document.getElementById('page')!);

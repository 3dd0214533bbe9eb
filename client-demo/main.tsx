import { render } from 'preact';
import { App } from './app.tsx';
import { takeControlToken } from './cluster/control-token.ts';
import { resolveWindowPlayer } from './session/identity.ts';
import { resetSeatColors } from './games/common/seat-colors.ts';
import { readRoute } from './session/route.ts';
import { speaker } from './sound/speaker.ts';
import { Windows } from './session/windows.ts';

takeControlToken();
speaker.attach(window);
resetSeatColors();
const windows = new Windows();
const arrival = await resolveWindowPlayer(windows, readRoute());
render(<App arrival={arrival} windows={windows} />, document.getElementById('page')!);

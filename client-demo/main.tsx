import { render } from 'preact';
import { App } from './app.tsx';
import { takeControlToken } from './cluster/control-token.ts';
import { arrive } from './identity.ts';
import { paintNobody } from './paint.ts';
import { readRoute } from './route.ts';
import { speaker } from './sound/speaker.ts';
import { Windows } from './windows.ts';

takeControlToken();
speaker.attach(window);
paintNobody();
const windows = new Windows();
const arrival = await arrive(windows, readRoute());
render(<App arrival={arrival} windows={windows} />, document.getElementById('page')!);

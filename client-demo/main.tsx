import { render } from 'preact';
import { App } from './app.tsx';
import { arrive } from './identity.ts';
import { paintNobody } from './paint.ts';
import { readRoute } from './route.ts';
import { speaker } from './sound/speaker.ts';
import { Windows } from './windows.ts';

speaker.attach(window);
paintNobody();
const windows = new Windows();
const arrival = await arrive(windows, readRoute());
render(<App arrival={arrival} windows={windows} />, document.getElementById('page')!);

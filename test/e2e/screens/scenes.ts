import type { Page } from 'playwright-core';
import { devScenes, entryScenes, refusalScenes } from './scenes/entry.ts';
import { tableScenes } from './scenes/tables.ts';
import type { Scene } from './scenes/scene-setup.ts';

/** Every screen that a visitor can come to see. What is checked of all screens is checked of these. */
export const scenes: readonly Scene[] = [...entryScenes, ...tableScenes, ...refusalScenes, ...devScenes];

/** How a screen is looked at. */
export interface DisplayMode {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly phone: boolean;
  readonly scheme: 'light' | 'dark';
}

const devices = [
  { device: 'phone', width: 390, height: 844, phone: true },
  { device: 'desktop', width: 1440, height: 900, phone: false },
];
export const displayModes: readonly DisplayMode[] = devices.flatMap(({ device, ...size }) =>
  (['light', 'dark'] as const).map(scheme => ({ name: `${device}-${scheme}`, ...size, scheme })),
);

/** Gives a window another size, scheme and pointer, as if it had been opened so. */
export async function applyDisplayMode(page: Page, look: DisplayMode): Promise<void> {
  await page.setViewportSize(look);
  await page.emulateMedia({ colorScheme: look.scheme, reducedMotion: 'reduce' });
  // A finger is coarse: some of the page is larger for it. Kept open, for what is emulated ends with whoever asked for
  // it.
  const line = lines.get(page) ?? (await page.context().newCDPSession(page));
  lines.set(page, line);
  await line.send('Emulation.setDeviceMetricsOverride', {
    width: look.width,
    height: look.height,
    deviceScaleFactor: 1,
    mobile: look.phone,
  });
  await line.send('Emulation.setTouchEmulationEnabled', { enabled: look.phone });
}

type Line = Awaited<ReturnType<ReturnType<Page['context']>['newCDPSession']>>;
const lines = new WeakMap<Page, Line>();

import type { Page } from 'playwright-core';
import { until } from '../../../tools/until.ts';

/** More stops than a person would go through. */
const most = 120;

/**
 * Goes through the page by Tab, from its beginning until it is left.
 * @returns what is wrong with that: what cannot be reached, what is reached and not seen, a trap
 */
export async function walkByTab(page: Page): Promise<string[]> {
  // In the page's own words: what is compiled here does not run there.
  const expected = (await page.evaluate(`(() => {
    window.nameOf = el => (el.getAttribute('data-testid') ?? el.getAttribute('aria-label') ?? el.textContent.trim()).slice(0, 40) + ' <' + el.tagName.toLowerCase() + '>';
    const stops = [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex]')].filter(el => el.tabIndex >= 0 && !el.matches(':disabled') && !el.closest('[inert]') && el.checkVisibility({ visibilityProperty: true }));
    // A group of radio buttons is one stop.
    const once = stops.filter(el => el.type !== 'radio' || el.checked);
    window.stopsLeft = new Set(once);
    document.activeElement?.blur();
    const start = document.createElement('span');
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
    start.remove();
    return once.length;
  })()`)) as number;
  const wrong: string[] = [];
  for (let n = 0; n <= Math.min(most, expected + 8); n++) {
    await page.keyboard.press('Tab');
    const stop = (await page.evaluate(`(() => {
      const el = document.activeElement;
      if (!el || el === document.body || el === document.documentElement) return null;
      window.stopsLeft.delete(el);
      // What is drawn in place of an invisible control shows its focus, too.
      const shown = el.matches('input[type=radio]') ? el.nextElementSibling : el;
      const { outlineStyle, outlineWidth } = getComputedStyle(shown);
      const box = shown.getBoundingClientRect();
      return { name: window.nameOf(el), ring: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight };
    })()`)) as { name: string; ring: boolean; seen: boolean } | null;
    if (stop === null) break;
    if (!stop.ring) wrong.push(`no ring around ${stop.name}`);
    if (!stop.seen) wrong.push(`${stop.name} has the focus out of sight`);
  }
  if (expected <= most)
    wrong.push(
      ...((await page.evaluate(
        '[...window.stopsLeft].filter(el => el.isConnected && !el.disabled).map(el => window.nameOf(el) + " is not reached by Tab")',
      )) as string[]),
    );
  return wrong;
}

/** What has the focus: by its test id, its label, or its words. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const el = document.activeElement as HTMLElement | null;
    if (!el || el === document.body) return '';
    return el.dataset['testid'] ?? (el as HTMLInputElement).labels?.[0]?.textContent?.trim() ?? el.textContent.trim();
  });

/** A test id is meant whole; of words, the beginning will do. */
const fits = (name: string, what: string) => name === what || (/[A-Z]/.test(what) && name.startsWith(what));

/** Waits until the focus is on what has this test id, or begins with these words. */
export const waitForFocus = (page: Page, what: string): Promise<true> =>
  until(`the focus is on ${what}`, async () => fits(await focused(page), what) || undefined, { timeoutMs: 15_000 });

/** Presses Tab until the focus is there. */
export async function tabTo(page: Page, what: string): Promise<void> {
  for (let n = 0; n < most; n++) {
    if (fits(await focused(page), what)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${what} is not reached by Tab`);
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules to which colours matter. */
const ofColours = ['color-contrast', 'link-in-text-block'];

/**
 * What axe has to say against a page as it is now, by all rules that it has without being asked, and by one more:
 * nothing is too small for a finger.
 * @param colours only the rules of colours: for the other scheme of a screen that has been looked at by all of them
 */
export async function axeFindings(page: Page, { colours = false } = {}): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const { violations } = await page.evaluate(
    only =>
      (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        resultTypes: ['violations'],
        preload: false,
        ...(only ? { runOnly: { type: 'rule', values: only } } : { rules: { 'target-size': { enabled: true } } }),
      }),
    colours ? ofColours : null,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      node => `${id} at ${node.target.join(' ')}: ${node.failureSummary?.split('\n').slice(1).join('; ').trim() ?? ''}`,
    ),
  );
}

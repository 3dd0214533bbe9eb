import type { Page } from 'playwright-core';

/** Sizes (px) between and below those of the looks: a small phone, a phone that lies, small laptops, a large screen. */
export const sizes = [
  { width: 320, height: 568 },
  { width: 844, height: 390 },
  { width: 1024, height: 600 },
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
] as const;

/**
 * Text that cannot be read because something else lies on it, and a page that is wider than its window. Text that a
 * dialog covers counts as read before; so does what has to be scrolled to.
 * @returns a line for each finding
 */
export function layoutFindings(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found = new Set<string>();
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.add(`${wide} px wider than the screen`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement!;
      // Nothing is found at a point of text that lets clicks through: messages, and standings over the arena.
      if (getComputedStyle(element).pointerEvents === 'none') continue;
      if (
        !text.textContent?.trim() ||
        element.closest('script, style, .unseen, [aria-hidden="true"]') ||
        !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      )
        continue;
      range.selectNodeContents(text);
      for (const box of range.getClientRects()) {
        // The part that its scrolling and clipping ancestors show.
        let [left, top, right, bottom] = [
          Math.max(box.left, 0),
          Math.max(box.top, 0),
          Math.min(box.right, innerWidth),
          Math.min(box.bottom, innerHeight),
        ];
        for (let at: Element | null = element; at && at !== document.body; at = at.parentElement) {
          const { overflow, textOverflow, paddingRight } = getComputedStyle(at);
          if (overflow === 'visible') continue;
          const clip = at.getBoundingClientRect();
          [left, top, right, bottom] = [
            Math.max(left, clip.left),
            Math.max(top, clip.top),
            Math.min(right, clip.right - (textOverflow === 'ellipsis' ? parseFloat(paddingRight) : 0)),
            Math.min(bottom, clip.bottom),
          ];
        }
        if (right - left < 4 || bottom - top < 4) continue;
        for (const x of [left + 2, (left + right) / 2, right - 2]) {
          const over = document.elementFromPoint(x, (top + bottom) / 2);
          if (!over || over.contains(element) || element.contains(over)) continue;
          let isOverlay = false;
          for (let at: Element | null = over; at && !at.contains(element); at = at.parentElement) {
            isOverlay ||= ['fixed', 'sticky'].includes(getComputedStyle(at).position);
          }
          if (isOverlay) continue;
          // A label lies on its own control, and a drawing on its caption, as one thing.
          const common = element.closest('button, a, label');
          if (common?.contains(over)) continue;
          found.add(
            `"${text.textContent.trim().slice(0, 40)}" is under ${over.tagName.toLowerCase()}${over.getAttribute('class') ? `.${over.getAttribute('class')!.split(' ').join('.')}` : ''}`,
          );
        }
      }
    }
    return [...found];
  });
}

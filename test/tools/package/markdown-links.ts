/** Paths that a Markdown document links to, without anchors; code and addresses of the web are left out. */
export const linksOf = (markdown: string): string[] =>
  [...markdown.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)]
    .map(([, target]) => target!)
    .filter(target => !/^(https?|mailto):/.test(target));

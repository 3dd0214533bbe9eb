// A plugin of TypeDoc (typedoc.json): names each guide by its first heading, and groups the guides as docs/README.md does.
import { readFileSync } from 'node:fs';
import { Converter } from 'typedoc';

/** Groups of the guides, by the path that the index links to. */
function groupsOf(index) {
  const groups = new Map();
  let group = '';
  for (const [, bold, target] of index.matchAll(/^\| (?:\*\*(.+?)\*\*)? ?\| \[[^\]]+\]\(([^)#]+)\)/gm)) {
    group = bold ?? group;
    groups.set(target, group);
  }
  return groups;
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  const groups = groupsOf(readFileSync('docs/README.md', 'utf8'));
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const path = document.name.startsWith('shared/')
      ? `../${document.name}.md`
      : `${document.name.replace(/^docs\//, '')}.md`;
    const [, title] = /^# (.+)$/m.exec(document.content[0]?.text ?? '') ?? [];
    document.frontmatter.group = groups.get(path) ?? 'Understand it';
    if (title) document.name = title;
  });
}

// Writes the measurements into docs/performance.md, between the markers of a part of it.
import { readFileSync, writeFileSync } from 'node:fs';

export const docs = new URL('../docs/', import.meta.url);

export function writePart(name, text) {
  const page = new URL('performance.md', docs);
  const before = readFileSync(page, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks ${begin} and ${end}`);
  const after = `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`;
  writeFileSync(page, after);
}

/** The first column is aligned left, the others right. */
export function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i ? '--:' : '---'));
  return [head, rule, ...rows].map(line).join('\n');
}

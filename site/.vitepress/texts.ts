/** The texts beside the pages: the Markdown of each, `llms.txt` and `llms-full.txt`. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { root } from './paths.js';
import { markdownOf } from './theme/markdown.js';
import { titleOf } from './sidebar.js';

/**
 * Writes the Markdown of each page beside it. The paths are those of the repository, so that the
 * links between the files lead to files: `docs/heartbeat.md` is the Markdown of
 * `docs/heartbeat.html`. `llms.txt` is that of the package, and `llms-full.txt` contains every file
 * that it lists; both have the tour as well.
 */
export async function writeTexts(outDir: string, pages: readonly string[]): Promise<void> {
  for (const page of pages) {
    const to = join(outDir, markdownOf(page));
    await mkdir(dirname(to), { recursive: true });
    const text = await textOf(page);
    await writeFile(to, text);
    for (const [, picture = ''] of text.matchAll(/[("]([\w/.-]+\.(?:svg|webp))[)"]/g)) {
      const target = join(dirname(to), picture);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(join(root, dirname(page), picture), target);
    }
  }
  const llms = (await readFile(join(root, 'llms.txt'), 'utf8')).replace(
    '## Optional',
    tourList(pages),
  );
  await writeFile(join(outDir, 'llms.txt'), llms);
  const files = new Set(
    [...llms.matchAll(/\]\(([^)#:]+\.md)\)/g)].map(([, link = '']) => posix.normalize(link)),
  );
  let full = '';
  for (const file of files) {
    const page = file.startsWith('tour/') ? `site/pages/${file}` : file;
    full += `<!-- ${file} -->\n\n${await textOf(page)}\n`;
  }
  await writeFile(join(outDir, 'llms-full.txt'), full);
}

/** The Markdown of a page, with the code of the files that it shows. */
async function textOf(page: string): Promise<string> {
  let text = await readFile(join(root, page), 'utf8');
  for (const [line, file = ''] of text.matchAll(/^<<< @\/(\S+)$/gm)) {
    const code = await readFile(join(root, file), 'utf8');
    text = text.replace(line, () => `\`\`\`ts\n// ${posix.basename(file)}\n${code}\`\`\``);
  }
  if (!page.startsWith('site/pages/')) return text;
  // The links of these pages lead to where the files are in the repository.
  return text.replaceAll(/\]\(((?:\.\.\/)+)(docs\/|README)/g, (_, up: string, rest: string) => {
    return `](${up.slice('../../'.length)}${rest}`;
  });
}

function tourList(pages: readonly string[]): string {
  const files = pages.filter((page) => page.startsWith('site/pages/tour/')).sort();
  const lines = files.map((file) => `- [${titleOf(file)}](${file.slice('site/pages/'.length)})`);
  return `## Tour\n\n${lines.join('\n')}\n\n## Optional`;
}

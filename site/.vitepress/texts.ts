/** The texts beside the pages: the Markdown of each, `llms.txt` and `llms-full.txt`. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { root } from './paths.js';

/**
 * Writes the Markdown of each page beside it. The paths are those of the repository, so that the
 * links between the files lead to files: `docs/heartbeat.md` is the Markdown of
 * `docs/heartbeat.html`. `llms.txt` is that of the package, and `llms-full.txt` contains every file
 * that it lists.
 */
export async function writeTexts(outDir: string, pages: readonly string[]): Promise<void> {
  for (const page of pages) {
    const to = join(outDir, page.replace(/^site\/(pages\/)?/, ''));
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(root, page), to);
  }
  const llms = await readFile(join(root, 'llms.txt'), 'utf8');
  await writeFile(join(outDir, 'llms.txt'), llms);
  const files = new Set(
    [...llms.matchAll(/\]\(([^)#:]+\.md)\)/g)].map(([, link = '']) => posix.normalize(link)),
  );
  let full = '';
  for (const file of files) {
    full += `<!-- ${file} -->\n\n${await readFile(join(root, file), 'utf8')}\n`;
  }
  await writeFile(join(outDir, 'llms-full.txt'), full);
}

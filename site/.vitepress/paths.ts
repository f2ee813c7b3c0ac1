/** Where each Markdown file of the repository stands in the site, and what its links lead to. */
import { existsSync } from 'node:fs';
import { posix, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** The files of the repository that are pages, by patterns, and their paths in the site. */
export const rewrites: Record<string, string> = {
  'site/pages/:path*': ':path*',
  'site/reference/README.md': 'reference/index.md',
  'site/reference/:path*/README.md': 'reference/:path*/index.md',
  'site/reference/:path*': 'reference/:path*',
  'README.md': 'readme.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  'docs/README.md': 'docs/index.md',
};

/** Where a Markdown file stands in the site: `docs/README.md` is `docs/index.md` there. */
export function pageOf(file: string): string {
  if (file.startsWith('site/pages/')) return file.slice('site/pages/'.length);
  if (file.startsWith('site/reference/')) {
    return file.slice('site/'.length).replace(/README\.md$/, 'index.md');
  }
  return rewrites[file] ?? file;
}

/**
 * Where a relative link of a page leads in the site. Links to code that is no page lead to the page
 * of examples. Undefined for a link that may stay as it is.
 */
export function linkIn(file: string, link: string): string | undefined {
  const [, path = '', hash = ''] = /^([^#?]*)(.*)$/.exec(link) ?? [];
  if (path === '' || path.startsWith('/') || /^[a-z]+:/.test(path)) return undefined;
  const target = posix.join(posix.dirname(file), path);
  if (target.startsWith('examples/')) return `/examples.html#${anchorOf(target)}`;
  if (!target.endsWith('.md')) return undefined;
  // What only the repository has, such as the rules that its tests are named after.
  if (!isPage(target)) return existsSync(resolve(root, target)) ? '/contributing.html' : undefined;
  return `/${pageOf(target)
    .replace(/(^|\/)index\.md$/, '$1')
    .replace(/\.md$/, '.html')}${hash}`;
}

export function isPage(file: string): boolean {
  return /^(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$|^docs\/(guides\/)?[\w-]+\.md$|^site\/(pages|reference)\//.test(
    file,
  );
}

/** As GitHub makes the anchors of headings. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .trim()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

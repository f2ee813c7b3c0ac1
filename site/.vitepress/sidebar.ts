/** The sidebars, read from the lists that the documents have already. */
import { readFileSync, readdirSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { linkIn, root } from './paths.js';

type Item = DefaultTheme.SidebarItem;

const read = (file: string): string => readFileSync(resolve(root, file), 'utf8');

export function titleOf(file: string): string {
  return (/^# (.*)$/m.exec(read(file))?.[1] ?? file).replaceAll('`', '');
}

/** The lists of docs/README.md, each under its heading. */
export function documents(): Item[] {
  const sections = read('docs/README.md').split(/^## /m).slice(1);
  return [
    {
      text: 'Start here',
      items: [
        { text: 'What it is', link: '/readme.html' },
        { text: 'Short answers', link: '/docs/' },
        { text: 'Examples', link: '/examples.html' },
      ],
    },
    ...sections.map((section) => {
      const [heading = '', ...lines] = section.split('\n');
      const items = lines.flatMap((line) =>
        /^(?:-|\d+\.) /.test(line)
          ? [...line.matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, link = '']): Item => {
              const file = posix.join('docs', link);
              return { text: titleOf(file), link: linkIn('docs/README.md', link) ?? '' };
            })
          : [],
      );
      return { text: heading, items };
    }),
  ];
}

/** The modules of the reference; each page of a module lists what is in it. */
export function modules(): Item[] {
  const lines = read('site/reference/README.md').matchAll(/\[([^\]]+)\]\(([^)]+)\)/g);
  return [
    {
      text: 'Reference',
      link: '/reference/',
      items: [...lines].map(([, text = '', link = '']) => ({
        text,
        link: linkIn('site/reference/README.md', link) ?? '',
      })),
    },
  ];
}

/** The pages of the tour, in the order of their numbers. */
export function tour(): Item[] {
  const pages = readdirSync(resolve(root, 'site/pages/tour')).filter((file) => /^\d/.test(file));
  return [
    {
      text: 'Tour',
      items: pages.sort().map((file) => ({
        text: titleOf(`site/pages/tour/${file}`),
        link: `/tour/${file.replace(/md$/, 'html')}`,
      })),
    },
  ];
}

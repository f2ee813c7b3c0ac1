import { resolve } from 'node:path';
import { defineConfig } from 'vitepress';
import { withPolicy } from './policy.js';
import { anchorOf, linkIn, rewrites, root } from './paths.js';
import { documents, modules, tour } from './sidebar.js';
import { markdownOf } from './theme/markdown.js';
import { writeTexts } from './texts.js';
import { markBlocks, textsOf, typesOnHover, writeTypes, type Fence } from './types.js';

export default defineConfig({
  title: 'systole',
  description:
    'Run long async functions with heartbeats, timeouts, retries that resume where they stopped, and cancellation',
  lang: 'en',
  // The pages are the Markdown files of the repository, where they are.
  srcDir: root,
  srcExclude: [
    'node_modules/**',
    'test/**',
    'bench/**',
    'examples/**',
    'scripts/**',
    'docs/reference/**',
    'site/*.md',
    'site/node_modules/**',
  ],
  rewrites,
  outDir: resolve(import.meta.dirname, 'dist'),
  cacheDir: resolve(import.meta.dirname, 'cache'),
  // A copy of the site works from any folder of any server, as files with an ending.
  cleanUrls: false,
  metaChunk: true,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: '/icon.svg', type: 'image/svg+xml' }]],
  themeConfig: {
    nav: [
      { text: 'Playground', link: '/' },
      { text: 'Tour', link: '/tour/1-errors.html', activeMatch: '^/tour/' },
      { text: 'Documents', link: '/docs/', activeMatch: '^/(docs/|readme|examples)' },
      { text: 'Reference', link: '/reference/', activeMatch: '^/reference/' },
      { text: 'Changelog', link: '/changelog.html' },
    ],
    sidebar: {
      '/tour/': tour(),
      '/reference/': modules(),
      '/docs/': documents(),
      '/readme': documents(),
      '/examples': documents(),
      '/changelog': documents(),
      '/contributing': documents(),
      '/security': documents(),
    },
    outline: [2, 3],
    search: { provider: 'local' },
  },
  markdown: {
    anchor: { slugify: anchorOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    codeTransformers: [typesOnHover],
    config: (md) => {
      // Links are written for GitHub.
      md.core.ruler.push('links-of-the-repository', ({ tokens, env }) => {
        const { realPath, path } = env as { realPath?: string; path?: string };
        const file = (realPath ?? path)?.slice(root.length + 1);
        if (file === undefined) return; // a title alone
        markBlocks(file, tokens as unknown as Fence[]);
        for (const token of tokens.flatMap((one) => [one, ...(one.children ?? [])])) {
          // VitePress takes a path without a dot for that of a package.
          if (token.type.startsWith('html_')) {
            token.content = token.content.replaceAll(
              /<img src="(?=[\w-]+\/)/g,
              '<img loading="lazy" src="./',
            );
          }
          if (token.type !== 'link_open') continue;
          const link = linkIn(file, decodeURI(token.attrGet('href') ?? ''));
          if (link !== undefined) token.attrSet('href', link);
        }
      });
    },
  },
  vite: {
    plugins: [
      {
        // What `writeTypes` writes, for the server that shows the site while it is worked on.
        name: 'types-on-hover',
        configureServer: ({ middlewares }) => {
          middlewares.use((request, response, next) => {
            const page = /^\/types\/(.*)\.json$/.exec(request.url ?? '')?.[1];
            if (page === undefined) next();
            else response.end(textsOf(`${page}.md`));
          });
        },
      },
      {
        // The pages are outside of this folder, and Vue is in it.
        name: 'vue-of-this-folder',
        enforce: 'pre',
        resolveId(id, _importer, options) {
          if (!/^vue(\/|$)/.test(id)) return null;
          if (options.ssr === true) return { id, external: true };
          return this.resolve(id, import.meta.filename, { ...options, skipSelf: true });
        },
      },
    ],
    publicDir: resolve(import.meta.dirname, '../public'),
    resolve: {
      alias: [
        { find: /^systole$/, replacement: `${root}/src/index.ts` },
        { find: /^systole\/(.+)$/, replacement: `${root}/src/$1.ts` },
      ],
    },
    server: { host: '127.0.0.1', fs: { allow: [root] } },
    build: { chunkSizeWarningLimit: 1_000 },
  },
  transformHead: ({ pageData: { filePath } }) =>
    filePath === ''
      ? []
      : [['link', { rel: 'alternate', type: 'text/markdown', href: markdownOf(filePath) }]],
  transformHtml: (html) => withPolicy(html),
  buildEnd: async ({ outDir, pages }) => {
    await writeTexts(outDir, pages);
    await writeTypes(outDir);
  },
});

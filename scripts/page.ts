/** Builds the page of systole/inspect: one text, which `src/inspect/page.ts` carries. */
import { readFile } from 'node:fs/promises';
import { build, transform } from 'esbuild';

const folder = new URL('../src/inspect/page/', import.meta.url);

export async function page(): Promise<string> {
  const [html, css, script] = await Promise.all([
    readFile(new URL('index.html', folder), 'utf8'),
    readFile(new URL('style.css', folder), 'utf8'),
    bundled(),
  ]);
  const { code: style } = await transform(css, { loader: 'css', minify: true });
  // Functions, because `$` has a meaning in a text that replaces another.
  return html
    .replace('<style></style>', () => `<style>${style.trim()}</style>`)
    .replace(
      '<script></script>',
      () => `<script>${script.replaceAll('</script', '<\\/script')}</script>`,
    );
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['src/inspect/page/main.ts'],
    absWorkingDir: new URL('..', import.meta.url).pathname,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    define: { SYSTOLE_BUILD: 'true' },
    write: false,
    logLevel: 'silent',
  });
  return (outputFiles[0]?.text ?? '').trim();
}

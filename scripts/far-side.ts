import { build } from 'esbuild';
import { page } from './page.js';

/**
 * The code that runs in workers, as one script: `src/workers/code.ts` carries it as a text. So workers
 * start from a bundled program as well as from an installed package.
 */
export async function farSide(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['src/workers/far/main.ts'],
    absWorkingDir: new URL('..', import.meta.url).pathname,
    bundle: true,
    minify: true,
    // Names of errors and functions are shown to users.
    keepNames: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    define: { SYSTOLE_BUILD: 'true' },
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** For the option `define` of a bundler. */
export async function definitions(): Promise<Record<string, string>> {
  const [far, shown] = await Promise.all([farSide(), page()]);
  return { SYSTOLE_FAR_SIDE: JSON.stringify(far), SYSTOLE_PAGE: JSON.stringify(shown) };
}

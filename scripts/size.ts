import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What the entry `systole` may weigh: all dependencies bundled, minified, gzipped. */
export const sizeBudget = 32_500;

/** What the time of an import comes from, as a clock in CI would be a poor judge of it. */
export const importBudget = { files: 4, bytes: 225_000 };

export interface Size {
  minified: number;
  gzipped: number;
}

/** Bundles the source of an entry as a browser application would, dependencies included. */
export async function entrySize(entry = 'src/index.ts'): Promise<Size> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

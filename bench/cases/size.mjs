// Row 9: what a browser application would load: bundled with all dependencies, minified, gzipped.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { systoleEntry } from '../systole.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));

const bundle = (code, resolveDir) => async () => {
  const { build } = await import('esbuild'); // installed at the root
  return async () => {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      logLevel: 'silent',
    });
    const { contents } = outputFiles[0];
    return {
      'bytes gzipped': gzipSync(contents, { level: 9 }).length,
      'bytes minified': contents.length,
    };
  };
};

const dependencies = `
  export * from 'eventemitter3';
  export { default as ms } from 'ms';
  export { default as pRetry } from 'p-retry';
  export { default as superjson } from 'superjson';
`;

export default {
  title: 'Size, all dependencies included',
  contenders: {
    systole: bundle(`export * from ${JSON.stringify(systoleEntry)}`, here),
    'its dependencies alone': bundle(dependencies, dirname(systoleEntry)),
    'p-retry': bundle("export { default } from 'p-retry'", here),
    cockatiel: bundle("export * from 'cockatiel'", here),
    effect: bundle("export { Effect, Schedule } from 'effect'", here),
  },
  rounds: 1,
  count: 1,
  smokeCount: 1,
  rows: [
    { text: 'size: bytes gzipped', of: 'systole', measure: 'bytes gzipped', atMost: 32_500 },
    {
      text: 'size: bytes gzipped of its dependencies alone',
      of: 'its dependencies alone',
      measure: 'bytes gzipped',
      atMost: 7_200,
    },
  ],
};

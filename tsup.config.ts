import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { writeLicenses } from './scripts/licenses.js';
import { completeMaps } from './scripts/maps.js';

/** One line per public entry; `test/package` holds this equal to `exports` in package.json. */
export const entries = {
  index: 'src/index.ts',
  testing: 'src/testing.ts',
  'testing/matchers': 'src/testing/matchers.ts',
  context: 'src/context.ts',
  node: 'src/node.ts',
  temporal: 'src/temporal.ts',
  'temporal/activity': 'src/temporal/activity.ts',
};

/**
 * The two packages that are CommonJS, as ES modules. Without this the build would share helpers for
 * them in a file of its own, one more for each import to read, and bundlers could not leave them out.
 */
const asModules: Plugin = {
  name: 'as-modules',
  setup(build) {
    build.onResolve({ filter: /^eventemitter3$/ }, () => ({
      path: resolve('node_modules/eventemitter3/dist/eventemitter3.esm.js'),
      sideEffects: false,
    }));
    build.onLoad({ filter: /[\\/]node_modules[\\/]ms[\\/]index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace('module.exports =', 'export default'),
    }));
  },
};

/**
 * The packages that src imports are devDependencies, so their code goes into the build. Read from
 * their own 20 files they would take more than half the time of an import, and `require` cannot load
 * those that are ESM only on every Node we support.
 */
const shared: Options = {
  entry: entries,
  dts: {
    banner: '/// <reference lib="esnext.disposable" />',
    // What only our own code may call, such as the constructor of a handle, shows the engine.
    compilerOptions: { stripInternal: true },
  },
  // Entries share chunks, so one class is one class whichever entry it comes from.
  splitting: true,
  target: 'es2022',
  // Not 'node': most entries may not need it; `check:dist` says which.
  platform: 'neutral',
  removeNodeProtocol: false,
  // Checks of our own that users should not pay for: see activity/state.ts.
  define: { SYSTOLE_BUILD: 'true' },
  esbuildPlugins: [asModules],
  external: [/^node:/],
  sourcemap: true,
  minify: false,
  // `npm run build` empties dist first; the two builds here run side by side.
  clean: false,
  tsconfig: 'tsconfig.json',
};

export default defineConfig([
  { ...shared, format: 'esm' },
  {
    ...shared,
    format: 'cjs',
    // By Rollup: what turns chunks into CommonJS otherwise makes a call of every `?.` and `??`, and
    // takes the names of classes away.
    treeshake: true,
    onSuccess: async () => {
      await Promise.all([writeLicenses('dist'), completeMaps('dist')]);
    },
  },
]);

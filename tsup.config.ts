import { readFile } from 'node:fs/promises';
import { dirname, posix, resolve } from 'node:path';
import type { Plugin } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { blankComments } from './scripts/comments.js';
import { definitions } from './scripts/far-side.js';
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
  workers: 'src/workers.ts',
  otel: 'src/otel.ts',
  timeline: 'src/timeline.ts',
  web: 'src/web.ts',
  progress: 'src/progress.ts',
  inspect: 'src/inspect.ts',
  sqlite: 'src/sqlite.ts',
  durable: 'src/durable.ts',
};

/**
 * Dependencies that are ES modules only, which `require` cannot load on every Node we support: the
 * CommonJS build carries their code. Everything else that src imports is left to the package manager.
 */
export const esmOnly = ['p-retry', 'superjson'];

/** Packages whose code is in both builds, so that nothing more is installed. */
export const carried = ['fast-string-truncated-width'];

/** The entries that need the whole runtime, or are never used without it. */
const runtimes = [
  entries.index,
  entries.testing,
  entries.temporal,
  entries.workers,
  entries.otel,
  entries.durable,
  entries.sqlite,
  entries.node,
  entries.web,
];

/** Files of src/kernel that other entries use as well. */
const common = [
  'bad-input',
  'clock',
  'duration',
  'errors',
  'failure',
  'failures',
  'logger',
  'promises',
  'stack',
  'stack-room',
  'thrown',
].map((name) => `src/kernel/${name}.ts`);

/**
 * The build makes a file of all modules that the same entries use, and an import takes longer the more
 * files it reads. So the entries here use the same: all of the common modules, and all of the runtime
 * or nothing of it. Comments would be read at each import too.
 */
const fewFiles: Plugin = {
  name: 'few-files',
  setup(build) {
    const root = resolve('src');
    // An import for that reason alone must not be dropped.
    build.onResolve({ filter: /^\..*\.js$/ }, ({ path, importer }) =>
      importer.startsWith(root)
        ? { path: resolve(dirname(importer), path.replace(/js$/, 'ts')), sideEffects: true }
        : undefined,
    );
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(root)) return undefined;
      const code = blankComments(await readFile(path, 'utf8'), path);
      const entry = Object.values(entries).find((file) => resolve(file) === path);
      if (entry === undefined) return { contents: code, loader: 'ts' };
      const all = runtimes.includes(entry) ? [entries.index, ...common] : common;
      const imports = all
        .filter((file) => file !== entry)
        .map((file) => posix.relative(posix.dirname(entry), file).replace(/ts$/, 'js'))
        .map((file) => `import './${file}';`);
      // At the end, where they move no line.
      return { contents: `${code}${imports.join(' ')}\n`, loader: 'ts' };
    });
  },
};

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
  define: { SYSTOLE_BUILD: 'true', ...(await definitions()) },
  esbuildPlugins: [fewFiles],
  external: [/^node:/],
  sourcemap: true,
  minify: false,
  // `npm run build` empties dist first; the two builds here run side by side.
  clean: false,
  tsconfig: 'tsconfig.json',
};

export default defineConfig([
  {
    ...shared,
    format: 'esm',
    noExternal: carried,
    onSuccess: () => completeMaps('dist', '.js.map'),
  },
  {
    ...shared,
    format: 'cjs',
    noExternal: [...esmOnly, ...carried],
    // By Rollup: what turns chunks into CommonJS otherwise makes a call of every `?.` and `??`, and
    // takes the names of classes away.
    treeshake: true,
    onSuccess: async () => {
      await Promise.all([writeLicenses('dist'), completeMaps('dist', '.cjs.map')]);
    },
  },
]);

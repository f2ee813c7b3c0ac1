import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const require = createRequire(import.meta.url);

/** One copy of each, the worker's, as in a program that installs them together with systole. */
const peers = ['@temporalio/activity', '@temporalio/client', '@temporalio/common'].map((name) => ({
  find: name,
  replacement: require.resolve(name),
}));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^systole$/, replacement: `${src}index.ts` },
      { find: /^systole\/(.+)$/, replacement: `${src}$1.ts` },
      ...peers,
    ],
  },
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['*.server.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A scenario mostly waits.
    maxConcurrency: 8,
  },
});

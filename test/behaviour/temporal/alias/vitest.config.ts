import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('../../../../src/', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: '@temporalio/activity', replacement: `${src}temporal/activity.ts` },
      // A program that has systole installed does not need these.
      { find: /^systole$/, replacement: `${src}index.ts` },
      { find: /^systole\/(.+)$/, replacement: `${src}$1.ts` },
    ],
  },
  test: { root: fileURLToPath(new URL('.', import.meta.url)), include: ['*.spec.ts'] },
});

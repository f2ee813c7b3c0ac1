// The tests that run on the source in this process, and are quick: those a mutant is tried with.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  resolve: {
    alias: [
      { find: /^systole$/, replacement: `${src}index.ts` },
      { find: /^systole\/(.+)$/, replacement: `${src}$1.ts` },
    ],
  },
  test: {
    include: [
      'test/*.test.ts',
      'test/{heartbeat,retry,runtime,conformance,properties,faults,testing}/**/*.test.ts',
    ],
    exclude: [
      'test/{readme,docs,examples,fake-timers}.test.ts',
      'test/runtime/{leaks,queue,keyv}.test.ts',
      'test/properties/{hostile,details}.test.ts',
    ],
    testTimeout: 20_000,
  },
});

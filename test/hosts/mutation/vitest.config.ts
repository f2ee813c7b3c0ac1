// The tests for mutants: those that run on the source in this process and are fast.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('../../../src/', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('../../../', import.meta.url)),
  resolve: {
    alias: [
      { find: /^systole$/, replacement: `${src}index.ts` },
      { find: /^systole\/(.+)$/, replacement: `${src}$1.ts` },
    ],
  },
  test: {
    include: ['test/{unit,behaviour,conformance,properties,faults}/**/*.test.ts'],
    exclude: [
      'test/behaviour/{fake-timers,leaks,keyv,otel,workers}.test.ts',
      // They test what is built on the runtime, and would run for each of its mutants.
      'test/behaviour/durable/**',
      'test/unit/{durable,inspect,progress,timeline,web,workers}/**',
      'test/unit/{context,runtime/shared/queue}.test.ts',
      'test/unit/temporal/**',
      'test/properties/{hostile,details}.test.ts',
    ],
    testTimeout: 20_000,
  },
});

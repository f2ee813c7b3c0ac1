// The tests for mutants. They share what they have loaded, because loading the source anew for each
// file takes longer than its tests.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { hostless } from '../../../scripts/test-files.js';

const src = fileURLToPath(new URL('../../../src/', import.meta.url));

/** They test what is built on the runtime, and would run for each of its mutants. */
const BESIDE =
  /behaviour\/((durable|temporal|timeline)\/|(keyv|otel|workers)\.)|unit\/(durable|inspect|progress|timeline|web|workers|temporal)\/|properties\/(hostile|details)\./;

/** They use the host, and can share what they have loaded all the same. */
const ALSO = [
  'test/unit/{retry,heartbeat}/**/*.test.ts',
  'test/unit/runtime/run-activity.test.ts',
  'test/behaviour/{context-use,deadlines,follow-heartbeats,from-p-retry,late,limits,yield}.test.ts',
  'test/faults/matrix.test.ts',
  'test/properties/control.test.ts',
];

export default defineConfig({
  root: fileURLToPath(new URL('../../../', import.meta.url)),
  resolve: {
    alias: [
      { find: /^systole$/, replacement: `${src}index.ts` },
      { find: /^systole\/(.+)$/, replacement: `${src}$1.ts` },
    ],
  },
  test: {
    include: [...hostless().filter((file) => !BESIDE.test(file)), ...ALSO],
    isolate: false,
    testTimeout: 20_000,
  },
});

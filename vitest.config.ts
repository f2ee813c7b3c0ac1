import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { definitions } from './scripts/far-side.js';
import { hostless } from './scripts/test-files.js';

/** Tests of what is published. */
const published = ['command', 'declarations', 'package', 'pack'].map(
  (name) => `test/package/${name}.test.ts`,
);

/** Tests that start processes and wait for their end, or for real time to pass. */
const processes = ['test/hosts/process/**/*.test.ts', 'test/behaviour/leaks.test.ts'];

/** Tests in virtual time: they share what they have loaded, because nothing of it is changed. */
const virtual = hostless();

const src = fileURLToPath(new URL('./src/', import.meta.url));

export default defineConfig({
  define: await definitions(),
  resolve: {
    // Tests import by the public name and run on the source.
    alias: [
      { find: /^systole$/, replacement: `${src}index.ts` },
      { find: /^systole\/(.+)$/, replacement: `${src}$1.ts` },
    ],
  },
  test: {
    // Only what hangs takes so long: a machine that is asleep or overloaded is no failure.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Several files wait for child processes most of their time.
    maxWorkers: 3,
    // Concurrent tests run programs.
    maxConcurrency: 3,
    // A line that is logged after the last test of a process must not fail the run.
    disableConsoleIntercept: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'source',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...published,
            ...processes,
            ...virtual,
            'test/workers/**',
            'test/hosts/types/**',
            'test/hosts/fake-timers/**',
            'test/hosts/stores/**',
            '**/node_modules/**',
          ],
        },
      },
      {
        extends: true,
        test: { name: 'virtual', include: virtual, isolate: false },
      },
      {
        // Each starts real workers, and waits for their death. `npm test` leaves these out.
        extends: true,
        test: { name: 'workers', include: ['test/workers/**/*.test.ts'] },
      },
      {
        // Needs packages and programs of its own: see test/hosts/stores.
        extends: true,
        test: { name: 'stores', include: ['test/hosts/stores/*.test.mjs'] },
      },
      {
        // `npm test` leaves these out too.
        extends: true,
        test: { name: 'processes', include: processes },
      },
      {
        // The set-up builds dist when these are among the tests to run.
        extends: true,
        test: {
          name: 'package',
          include: published,
          globalSetup: ['test/package/build.ts'],
        },
      },
    ],
  },
});

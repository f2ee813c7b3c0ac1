import { fileURLToPath } from 'node:url';

export default {
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: {
    // `vitest` to the tests is the major that runs them.
    alias: { vitest: process.env.VITEST_PACKAGE },
    // As from the registry: a package in node_modules, which Node imports by itself.
    preserveSymlinks: true,
  },
  test: { include: ['*.test.mjs'] },
};

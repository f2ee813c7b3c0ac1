/** Turns the tests into CommonJS, like the transforms of Jest's users. */
import { transformSync } from 'esbuild';

export default {
  process(source, filename) {
    return transformSync(source, { format: 'cjs', sourcefile: filename, sourcemap: 'inline' });
  },
};

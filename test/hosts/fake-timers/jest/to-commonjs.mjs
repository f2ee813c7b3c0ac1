/** Makes the tests CommonJS, as the transforms that Jest's users have do. */
import { transformSync } from 'esbuild';

export default {
  process(source, filename) {
    return transformSync(source, { format: 'cjs', sourcefile: filename, sourcemap: 'inline' });
  },
};

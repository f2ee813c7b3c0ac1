/** tsx teaches TypeScript to the main thread alone, on some versions of Node. */
import { createRequire } from 'node:module';
import { load } from './globals.js';

/** Teaches it to this thread, if the program runs under tsx. */
export async function teachTypeScript(module: string): Promise<void> {
  const flags = process.execArgv.filter((flag) => /\btsx\b/.test(flag));
  if (flags.length === 0) return;
  const found = [...flags.filter((flag) => flag.startsWith('file:')), module].flatMap((from) => {
    try {
      return [createRequire(from).resolve('tsx/esm/api')];
    } catch {
      return []; // it is not there: loading the module reports that
    }
  });
  const [path] = found;
  if (path === undefined) return;
  const { register } = (await load(path)) as { readonly register?: () => void };
  register?.();
}

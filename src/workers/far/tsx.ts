/** tsx teaches TypeScript to the main thread alone, on some versions of Node. */
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from './globals.js';

/** Teaches it to this thread, if the program runs under tsx. */
export async function teachTypeScript(module: string): Promise<void> {
  const flags = process.execArgv.filter((flag) => /\btsx\b/.test(flag));
  if (flags.length === 0 || !canRegister()) return;
  const [address] = [...flags.filter((flag) => flag.startsWith('file:')), module].flatMap(apiFrom);
  if (address === undefined) return; // it is not there: loading the module reports that
  const { register } = (await load(address)) as { readonly register?: () => void };
  register?.();
}

/** Node 20.6 and later. Before, tsx is a `--loader`, which threads get from the program's flags. */
function canRegister(): boolean {
  return 'register' in nodeModule;
}

interface Manifest {
  readonly exports?: {
    readonly './esm/api'?: { readonly import?: { readonly default?: string } };
  };
}

/**
 * The address of tsx's functions, as `import` would find it from there. `require.resolve` would find
 * the CommonJS copy, and the program uses the other one.
 */
function apiFrom(from: string): string[] {
  try {
    const file = nodeModule.createRequire(from).resolve('tsx/package.json');
    const { exports } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    const path = exports?.['./esm/api']?.import?.default;
    return path === undefined ? [] : [pathToFileURL(join(dirname(file), path)).href];
  } catch {
    return [];
  }
}

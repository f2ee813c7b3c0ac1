import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'tsup';
import type { TestProject } from 'vitest/node';
import { entries } from '../../tsup.config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `built`, `no source` or the message of the error that stopped the build. */
    dist: string;
    /** Whether dist has declarations that are newer than the sources: `npm run build` makes them. */
    hasDeclarations: boolean;
  }
}

const scripts = ['dist/index.js', 'dist/index.cjs'];
const declarations = Object.keys(entries).map((name) => `dist/${name}.d.ts`);

/** Builds only the scripts of dist, unless it is newer than its sources. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('dist', await buildOnce());
  project.provide('hasDeclarations', await areFresh(declarations));
}

async function buildOnce(): Promise<string> {
  if (!existsSync('src/index.ts')) return 'no source';
  if (await areFresh(scripts)) return 'built';
  try {
    await build({ dts: false, silent: true });
    return 'built';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function areFresh(products: readonly string[]): Promise<boolean> {
  if (!products.every((file) => existsSync(file))) return false;
  const sources = (await readdir('src', { recursive: true })).map((file) => join('src', file));
  const made = await Promise.all(products.map(modified));
  const used = await Promise.all(['package.json', 'tsup.config.ts', ...sources].map(modified));
  return Math.min(...made) > Math.max(...used);
}

async function modified(file: string): Promise<number> {
  return (await stat(file)).mtimeMs;
}

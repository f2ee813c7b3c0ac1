import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'tsup';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `built`, `no source` or the message of the error that stopped the build. */
    dist: string;
  }
}

const products = ['dist/index.js', 'dist/index.cjs'];

/** Builds only the scripts of dist, unless it is newer than its sources. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('dist', await buildOnce());
}

async function buildOnce(): Promise<string> {
  if (!existsSync('src/index.ts')) return 'no source';
  if (await isFresh()) return 'built';
  try {
    await build({ dts: false, silent: true });
    return 'built';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function isFresh(): Promise<boolean> {
  if (!products.every((file) => existsSync(file))) return false;
  const sources = (await readdir('src', { recursive: true })).map((file) => join('src', file));
  const made = await Promise.all(products.map(modified));
  const used = await Promise.all(['package.json', 'tsup.config.ts', ...sources].map(modified));
  return Math.min(...made) > Math.max(...used);
}

async function modified(file: string): Promise<number> {
  return (await stat(file)).mtimeMs;
}

// The package under test: the build at the root, or another one named by SYSTOLE_ENTRY (a file).
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));
export const systoleEntry = resolve(process.env.SYSTOLE_ENTRY ?? built);

export async function loadSystole() {
  if (!existsSync(systoleEntry)) {
    throw new Error('systole is not built: run `npm install && npm run build` at the root first');
  }
  return import(pathToFileURL(systoleEntry).href);
}

/** Another entry of the same build. */
export function loadEntry(name) {
  return import(pathToFileURL(resolve(dirname(systoleEntry), `${name}.js`)).href);
}

export function loadWorkers() {
  return import(pathToFileURL(resolve(dirname(systoleEntry), 'workers.js')).href);
}

export function loadTimeline() {
  return import(pathToFileURL(resolve(dirname(systoleEntry), 'timeline.js')).href);
}

export function systoleVersion() {
  const manifest = resolve(dirname(systoleEntry), '../package.json');
  const version = existsSync(manifest) ? JSON.parse(readFileSync(manifest)).version : 'unknown';
  return systoleEntry === built ? version : `${version} (another build)`;
}

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';

interface SourceMap {
  file?: string;
  sources: string[];
  sourcesContent?: (string | null)[];
}

/**
 * Makes the maps of the CommonJS build as good as those of the other: tsup leaves the sources out,
 * and puts in the path of the folder it was run in.
 */
export async function completeMaps(dist: string): Promise<void> {
  const maps = (await readdir(dist, { recursive: true })).filter((it) => it.endsWith('.cjs.map'));
  await Promise.all(maps.map((map) => complete(join(dist, map))));
}

async function complete(path: string): Promise<void> {
  const map = JSON.parse(await readFile(path, 'utf8')) as SourceMap;
  map.file = basename(path, '.map');
  // The one absolute path is that of the script itself, which lies beside the map.
  map.sources = map.sources.map((source) => (isAbsolute(source) ? basename(source) : source));
  map.sourcesContent = await Promise.all(map.sources.map((source) => contentOf(source, path)));
  await writeFile(path, JSON.stringify(map));
}

/** Null for the script itself, and for what a package was made from and did not bring. */
async function contentOf(source: string, map: string): Promise<string | null> {
  if (source === basename(map, '.map')) return null;
  return readFile(join(dirname(map), source), 'utf8').catch(() => null);
}

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';

interface SourceMap {
  file?: string;
  sources: string[];
  sourcesContent?: (string | null)[];
}

/**
 * Puts our sources into the maps, with their comments. tsup leaves the sources out of the CommonJS
 * build, and puts in the path of the folder it was run in.
 */
export async function completeMaps(dist: string, ending: '.js.map' | '.cjs.map'): Promise<void> {
  const maps = (await readdir(dist, { recursive: true })).filter((it) => it.endsWith(ending));
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

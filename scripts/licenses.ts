import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes the licenses of the packages whose code the CommonJS build carries, as its maps tell. */
export async function writeLicenses(dist: string): Promise<void> {
  const maps = (await readdir(dist)).filter((file) => file.endsWith('.cjs.map'));
  const sources = await Promise.all(maps.map((file) => sourcesOf(join(dist, file))));
  const names = sources.flat().flatMap((source) => packageName.exec(source)?.[1] ?? []);
  const texts = await Promise.all([...new Set(names)].sort().map(licenseOf));
  const intro = 'The CommonJS files in this folder carry code of the packages below.';
  await writeFile(join(dist, 'LICENSES.txt'), `${intro}\n\n${texts.join('\n')}`);
}

const packageName = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

async function sourcesOf(map: string): Promise<string[]> {
  return (JSON.parse(await readFile(map, 'utf8')) as { sources: string[] }).sources;
}

async function licenseOf(name: string): Promise<string> {
  const folder = join('node_modules', name);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} ships no license file`);
  return `== ${name}\n\n${await readFile(join(folder, file), 'utf8')}`;
}

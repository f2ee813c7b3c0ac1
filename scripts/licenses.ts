import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes the licenses of the packages whose code is in the build: the CommonJS scripts have all. */
export async function writeLicenses(dist: string): Promise<void> {
  const texts = await Promise.all((await packagesIn(dist)).map(licenseOf));
  const intro = 'The scripts in this folder carry code of the packages below.';
  await writeFile(join(dist, 'LICENSES.txt'), `${intro}\n\n${texts.join('\n')}`);
}

/** The names of the packages whose code is in a build, as its maps tell. */
export async function packagesIn(dist: string, maps = /\.cjs\.map$/): Promise<string[]> {
  const files = (await readdir(dist, { recursive: true })).filter((file) => maps.test(file));
  const sources = await Promise.all(files.map((file) => sourcesOf(join(dist, file))));
  const names = sources.flat().flatMap((source) => packageName.exec(source)?.[1] ?? []);
  return [...new Set(names)].sort();
}

const packageName = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

async function sourcesOf(map: string): Promise<string[]> {
  return (JSON.parse(await readFile(map, 'utf8')) as { sources: string[] }).sources;
}

async function licenseOf(name: string): Promise<string> {
  const folder = join('node_modules', name);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} ships no license file`);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `== ${name} ${manifest.version}\n\n${await readFile(join(folder, file), 'utf8')}`;
}

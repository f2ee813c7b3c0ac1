// Builds once more, from a copy of what the build needs, and fails when any byte differs from dist:
// anyone who builds the same source can check that it is what was published. Needs a fresh build.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { packagesIn } from './licenses.js';

const inputs = ['src', 'scripts', 'package.json', 'tsconfig.json', 'tsup.config.ts'];

const scratch = await mkdtemp(join(tmpdir(), 'systole-reproducible-'));
try {
  // The path of the copy has another length and depth, which must not show.
  const [first, second] = [await hashesOf('dist'), await hashesOf(await buildIn('another/one'))];
  const files = [...new Set([...first.keys(), ...second.keys()])].sort();
  const differ = files.filter((file) => first.get(file) !== second.get(file));
  for (const file of differ) console.error(`differs: dist/${file}`);
  const all = createHash('sha256')
    .update(JSON.stringify([...first]))
    .digest('hex');
  console.log(`${files.length} files built again, ${differ.length} differ; sha256 of all: ${all}`);
  if (differ.length > 0 || files.length === 0) process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** @returns the folder with what was built */
async function buildIn(name: string): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await Promise.all(inputs.map((it) => cp(it, join(folder, it), { recursive: true })));
  await layOutPackages(folder);
  await promisify(execFile)('npm', ['run', 'build'], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
  return join(folder, 'dist');
}

async function hashesOf(dist: string): Promise<Map<string, string>> {
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const paths = entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
  const hashes = await Promise.all(
    paths.sort().map(async (path) => {
      const hash = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      return [path.slice(dist.length + 1), hash] as const;
    }),
  );
  return new Map(hashes);
}

/** Copies the packages whose code gets into dist, with their paths, and links the tools. */
async function layOutPackages(folder: string): Promise<void> {
  const carried = await packagesIn('dist');
  const names = await readdir('node_modules');
  await Promise.all(
    names.map((name) => {
      const [from, to] = [resolve('node_modules', name), join(folder, 'node_modules', name)];
      return carried.includes(name)
        ? cp(from, to, { recursive: true })
        : symlink(from, to, 'junction');
    }),
  );
}

// The packages that npm installs with systole.
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Copies them, with their own dependencies, from the node_modules of `root` into another folder. */
export async function copyDependencies(root, to) {
  const waiting = await dependenciesOf(root);
  const copied = new Set();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (copied.has(name)) continue;
    copied.add(name);
    const from = join(root, 'node_modules', name);
    await cp(from, join(to, name), { recursive: true });
    waiting.push(...(await dependenciesOf(from)));
  }
}

async function dependenciesOf(folder) {
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return Object.keys(dependencies);
}

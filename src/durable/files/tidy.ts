/** Removes what dead processes have left in a folder. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../machine.js';
import { markOf } from './atomic.js';
import { NOTHING, read } from './content.js';
import type { Locks } from './locks.js';

/** Removes unfinished files, leases of dead owners, and claims that nobody looks at any more. */
export async function tidy(folder: string, locks: Locks, machine: Machine): Promise<void> {
  for (const place of [folder, locks.ownersFolder]) {
    for (const name of await namesIn(place)) {
      const mark = markOf(name);
      if (mark !== undefined && machine.isGone(mark)) await rm(join(place, name), { force: true });
    }
  }
  await locks.prune((await namesIn(locks.ownersFolder)).filter((name) => name.endsWith('.json')));
  for (const name of await namesIn(folder)) {
    const [, base, claim] = /^(.*)\.(\d+)\.lock$/.exec(name) ?? [];
    if (base === undefined) continue;
    const content = await read(join(folder, `${base}.json`)).catch(() => undefined);
    const generation = content === NOTHING ? Infinity : (content?.generation ?? 0);
    const path = join(folder, name);
    if (await locks.isLeft(path, Number(claim), generation)) await rm(path, { force: true });
  }
}

/** The names in a folder; none if it does not exist, because it is made at the first write. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

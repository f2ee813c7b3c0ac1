/** Files that a crash leaves intact: they are written under another name, flushed and renamed. */
import { existsSync, renameSync } from 'node:fs';
import { link, open, readFile, rm } from 'node:fs/promises';
import { ignore } from '../../kernel/promises.js';

/** The mode of files that only their owner may read. */
const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/**
 * A name for an unfinished file. It is random, because another process may write too, and so that no
 * link can wait there. It says whose it is, so that what a dead process left can be removed.
 */
function unfinishedName(path: string, mark: string): string {
  return `${path}.${crypto.randomUUID()}.${mark}.tmp`;
}

/** The mark of an unfinished file; undefined for another file. */
export function markOf(name: string): string | undefined {
  return /\.[0-9a-f-]{36}\.([^.]+\.[^.]+\.[^.]+)\.tmp$/.exec(name)?.[1];
}

async function write(path: string, text: string, flush: boolean): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    await file.writeFile(text);
    if (flush) await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Replaces a file.
 *
 * @param flush whether it must survive a loss of power
 * @param check called right before the file is replaced. If it throws, nothing has happened.
 */
export async function replace(
  path: string,
  text: string,
  options: { readonly mark: string; readonly flush: boolean; readonly check: () => void },
): Promise<void> {
  const unfinished = unfinishedName(path, options.mark);
  let isOurs = false;
  try {
    await write(unfinished, text, options.flush).catch((error: unknown) => {
      isOurs = codeOf(error) !== 'EEXIST';
      throw error;
    });
    isOurs = true;
    options.check();
    renameSync(unfinished, path); // in the same turn as the check
  } catch (error) {
    if (isOurs) await rm(unfinished, { force: true }).catch(ignore); // the first error matters more
    throw error;
  }
}

/** Makes a file, unless there is one. Returns false if there is. */
export async function create(path: string, text: string, mark: string): Promise<boolean> {
  // Whole, and then under its name: a file without its content would have no owner.
  const unfinished = unfinishedName(path, mark);
  try {
    await write(unfinished, text, false);
    await link(unfinished, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!WITHOUT_LINKS.has(codeOf(error)) || existsSync(path)) throw error;
    return await write(path, text, false).then(
      () => true,
      (failure: unknown) => {
        if (codeOf(failure) === 'EEXIST') return false;
        throw failure;
      },
    );
  } finally {
    await rm(unfinished, { force: true }).catch(ignore);
  }
}

/** The errors of file systems that have no hard links. */
const WITHOUT_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

/** The content of a file; undefined if there is none. */
export async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Flushes a folder for all who wait at once. */
export class Flusher {
  readonly #folder: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves when a flush is over that began after this call. */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(ignore, ignore).then(() => {
      this.#next = undefined;
      return this.#start();
    });
    return this.#next;
  }

  #start(): Promise<void> {
    const running = flushFolder(this.#folder).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

/** Flushes the folder, so that a rename survives a loss of power. Windows does not need this. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  let file;
  try {
    file = await open(folder, 'r');
  } catch (error) {
    if (isMissing(error)) return; // nothing has been written yet
    throw error;
  }
  try {
    await file.sync();
  } catch (error) {
    if (!UNFLUSHABLE.has(codeOf(error))) throw error;
  } finally {
    await file.close();
  }
}

/** The errors of file systems that cannot flush a folder, such as network file systems. */
const UNFLUSHABLE: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR']);

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}

/** A store with one file per activity. A crash at any time leaves the files intact. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { badOption } from '../../kernel/bad-input.js';
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import { ignore } from '../../kernel/promises.js';
import type { HeartbeatStore } from './store.js';

/** The content of a file, as JSON. */
interface Stored {
  readonly activityId: string;
  readonly snapshot: string;
  readonly sha256: string;
}

/**
 * Keeps the newest reported heartbeat details of each activity in a file in `folder`. The folder is
 * created at the first write. A relative path starts at the current working directory. Each file is
 * written under another name, flushed to the disk (fsync) and then renamed: after a crash or a loss
 * of power you find the old details or the new ones. If a file cannot be read, its activity fails
 * with a `HeartbeatStoreError` that names the file.
 *
 * Any number of processes may share a folder, but only one at a time may run a given `activityId`.
 *
 * @throws TypeError if `folder` is not a path
 * @example
 * const runtime = new ActivityRuntime({ store: fileStore('.systole') });
 * await runtime.run(importRows, { args: ['big.csv'], activityId: 'import big.csv' });
 */
export function fileStore(folder: string): HeartbeatStore {
  if (typeof folder !== 'string' || folder === '') {
    throw badOption('fileStore', folder, 'the path of a folder');
  }
  const whole = resolve(folder); // now, because the working directory may change later
  const pathOf = (activityId: string): string => join(whole, fileName(activityId));
  return {
    get: (activityId) => inTurn(() => read(pathOf(activityId), activityId)),
    set: (activityId, snapshot) =>
      inTurn(async () => {
        await mkdir(whole, { recursive: true });
        const stored: Stored = { activityId, snapshot, sha256: sha256(snapshot) };
        await replace(pathOf(activityId), `${JSON.stringify(stored)}\n`);
        await flushFolder(whole);
      }),
    delete: (activityId) =>
      inTurn(async () => {
        await rm(pathOf(activityId), { force: true });
        await flushFolder(whole);
      }),
  };
}

/**
 * The number of operations at once. Each one opens a file, and a process may open only so many: a
 * thousand activities that start together must not fail because of that.
 */
const AT_ONCE = 64;
let underWay = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(operation: () => Promise<T>): Promise<T> {
  if (underWay >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else underWay++;
  try {
    return await operation();
  } finally {
    const next = waiting.shift();
    if (next === undefined) underWay--;
    else next();
  }
}

/**
 * A file name with a readable part for people and a hash that is different for each id. File systems
 * differ in the characters, lengths and cases that they support.
 */
function fileName(activityId: string): string {
  const readable = activityId
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return `${readable}.${sha256(activityId).slice(0, 32)}.json`;
}

/** A hash of the code units. In UTF-8, all lone surrogates would look the same. */
function sha256(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}

async function read(path: string, activityId: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, 'The file was not changed.', error); // the problem may be temporary
  }
  try {
    const { snapshot, ...stored } = JSON.parse(text) as Stored;
    if (sha256(snapshot) !== stored.sha256) throw new Error('its checksum is wrong');
    if (stored.activityId !== activityId) throw new Error('it belongs to another activity');
    return snapshot;
  } catch (error) {
    const advice = 'The file was not changed: repair it, or delete it to start from the beginning.';
    throw unreadable(path, advice, error);
  }
}

function unreadable(path: string, advice: string, cause: unknown): HeartbeatStoreError {
  const reason = messageOf(cause);
  const message = `The heartbeat details in ${path} cannot be read: ${reason}. ${advice}`;
  return new HeartbeatStoreError(message, { cause });
}

async function replace(path: string, text: string): Promise<void> {
  // A random name, because another process may write too, and so that no link can wait there.
  const unfinished = `${path}.${crypto.randomUUID()}.tmp`;
  const file = await open(unfinished, 'wx');
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(ignore); // the first error matters more
    throw error;
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
const UNFLUSHABLE: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP']);

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}

/** What is in the file of an activity, and how the file is named. */
import { createHash } from 'node:crypto';
import { HeartbeatStoreError, type RunState } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import type { LedgerEntry } from '../../runtime/shared/ledger.js';
import { contentOf } from './atomic.js';

/** What is known of one activity. */
export interface Content {
  readonly snapshot?: string | undefined;
  readonly entry?: LedgerEntry | undefined;
  /** The number of the last claim; 0 without any. */
  readonly generation: number;
}

/** What an activity is doing, and at which attempt. */
export interface Doing {
  readonly attempt: number;
  readonly runState: RunState;
}

export const NOTHING: Content = { generation: 0 };

/** The content of a file, as JSON. Only a file with a ledger has the last two. */
interface Stored {
  readonly activityId: string;
  readonly snapshot?: string;
  readonly sha256: string;
  readonly entry?: LedgerEntry;
  readonly generation?: number;
}

/** Names that Windows keeps for devices, whatever follows after the first dot. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

/**
 * A file name with a readable part for people and a hash that is different for each id. File systems
 * differ in the characters, lengths and cases that they support.
 */
export function baseName(activityId: string): string {
  const readable = activityId
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  const safe = RESERVED.test(readable) ? `${readable}-` : readable;
  return `${safe}.${sha256(activityId).slice(0, 32)}`;
}

/** A hash of the code units. In UTF-8, all lone surrogates would look the same. */
export function sha256(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}

function checksum({
  snapshot,
  entry,
  generation = 0,
}: Omit<Stored, 'sha256' | 'activityId'>): string {
  if (entry === undefined && generation === 0) return sha256(snapshot as string);
  return sha256(JSON.stringify([snapshot ?? null, entry ?? null, generation]));
}

export function textOf(activityId: string, { snapshot, entry, generation }: Content): string {
  const kept = {
    activityId,
    ...(snapshot !== undefined && { snapshot }),
    ...(entry !== undefined && { entry }),
    ...(generation > 0 && { generation }),
  };
  return `${JSON.stringify({ ...kept, sha256: checksum(kept) })}\n`;
}

/** @throws HeartbeatStoreError that names the file */
export async function read(path: string, activityId?: string): Promise<Content & { id?: string }> {
  let text: string | undefined;
  try {
    text = await contentOf(path);
  } catch (error) {
    throw unreadable(path, 'The file was not changed.', error); // the problem may be temporary
  }
  if (text === undefined) return NOTHING;
  try {
    const stored = JSON.parse(text) as Stored;
    const { snapshot, entry, generation = 0 } = stored;
    if (checksum(stored) !== stored.sha256) throw new Error('its checksum is wrong');
    if (stored.activityId !== (activityId ?? stored.activityId)) {
      throw new Error('it belongs to another activity');
    }
    return { id: stored.activityId, snapshot, entry, generation };
  } catch (error) {
    const advice = 'The file was not changed: repair it, or delete it to start from the beginning.';
    const refused = unreadable(path, advice, error);
    damaged.add(refused);
    throw refused;
  }
}

/** The errors of files that were read and make no sense. */
const damaged = new WeakSet<HeartbeatStoreError>();

/** Whether a file was read, and what is in it makes no sense. */
export function isDamaged(error: unknown): boolean {
  return damaged.has(error as HeartbeatStoreError);
}

/** The content with what its owner has noted since. */
export function upToDate(content: Content, doing: Doing | undefined): Content {
  const { entry } = content;
  if (entry === undefined || doing === undefined) return content;
  const { attempt, runState } = entry;
  if (attempt === doing.attempt && runState === doing.runState) return content;
  return { ...content, entry: { ...entry, ...doing, dueAt: undefined } };
}

function unreadable(path: string, advice: string, cause: unknown): HeartbeatStoreError {
  const reason = messageOf(cause);
  const message = `The heartbeat details in ${path} cannot be read: ${reason}. ${advice}`;
  return new HeartbeatStoreError(message, { cause });
}

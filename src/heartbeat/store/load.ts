/** What the store kept of an earlier run of the same activity id. */
import { quote } from '../../kernel/text.js';
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import type { DetailsCodec, Snapshot } from '../details/codec.js';
import type { HeartbeatStore } from './store.js';
import { isThenable, whenSettled } from '../../kernel/promises.js';

type OnLoaded = (details: Snapshot | undefined, failure?: HeartbeatStoreError) => void;

/**
 * Reads the stored details once; in the same turn if the store is a synchronous one. What cannot
 * be read is a failure: starting from zero in silence would repeat work that was done.
 */
export function loadDetails(
  store: HeartbeatStore,
  activityId: string,
  codec: DetailsCodec,
  onLoaded: OnLoaded,
): void {
  const fail = (what: string, advice: string, cause: unknown): void => {
    if (cause instanceof HeartbeatStoreError) {
      onLoaded(undefined, cause); // the store knows better what to say
      return;
    }
    const id = quote(activityId);
    const reason = messageOf(cause).slice(0, 300); // it may quote the whole of a forged text
    const message =
      `The heartbeat details stored for activity ${id} ${what}: ${reason}. They were left as they ` +
      `are: ${advice}.`;
    onLoaded(undefined, new HeartbeatStoreError(message, { cause }));
  };
  const failToGet = (cause: unknown): void => {
    fail('could not be got', 'run the activity again once the store answers', cause);
  };
  const read = (stored: unknown): void => {
    let details: Snapshot | undefined;
    try {
      details = stored === undefined || stored === null ? undefined : decode(stored, codec);
    } catch (error) {
      fail('cannot be read', 'repair the entry, or delete it to start from the beginning', error);
      return;
    }
    onLoaded(details);
  };
  let stored: unknown;
  let later: boolean;
  try {
    stored = store.get(activityId);
    later = isThenable(stored);
  } catch (error) {
    failToGet(error);
    return;
  }
  if (later) whenSettled(stored, read, failToGet);
  else read(stored);
}

function decode(stored: unknown, codec: DetailsCodec): Snapshot {
  if (typeof stored !== 'string') throw new TypeError(`of type ${typeof stored}, not string`);
  return codec.decode(stored);
}

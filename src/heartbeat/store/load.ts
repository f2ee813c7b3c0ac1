/** Loads the details that the store has kept from an earlier run of the same activity id. */
import { quote } from '../../kernel/text.js';
import { ActivityAlreadyStartedError, HeartbeatStoreError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import type { DetailsCodec, Snapshot } from '../details/codec.js';
import type { HeartbeatStore } from './store.js';
import { isThenable, whenSettled } from '../../kernel/promises.js';

type OnLoaded = (details: Snapshot | undefined, failure?: Error) => void;

/**
 * Reads the stored details once, in the same turn if the store is synchronous. Details that cannot
 * be read are a failure: a silent start from zero would repeat work that is done.
 */
export function loadDetails(
  store: HeartbeatStore,
  activityId: string,
  codec: DetailsCodec,
  onLoaded: OnLoaded,
): void {
  const fail = (what: string, advice: string, cause: unknown): void => {
    if (cause instanceof HeartbeatStoreError || cause instanceof ActivityAlreadyStartedError) {
      onLoaded(undefined, cause); // the store's own message is better
      return;
    }
    const id = quote(activityId);
    const reason = messageOf(cause).slice(0, 300); // it may quote a whole forged text
    const message =
      `The stored heartbeat details of activity ${id} cannot be ${what}: ${reason}. They were not ` +
      `changed: ${advice}.`;
    onLoaded(undefined, new HeartbeatStoreError(message, { cause }));
  };
  const failToGet = (cause: unknown): void => {
    fail('loaded', 'run the activity again when the store works', cause);
  };
  const read = (stored: unknown): void => {
    let details: Snapshot | undefined;
    try {
      details = stored === undefined || stored === null ? undefined : decode(stored, codec);
    } catch (error) {
      fail('read', 'repair the entry, or delete it to start from the beginning', error);
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
  if (typeof stored !== 'string') throw new TypeError(`not a string but of type ${typeof stored}`);
  return codec.decode(stored);
}

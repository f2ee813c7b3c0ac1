/** What the store kept of an earlier run of the same activity id. */
import { HeartbeatStoreError } from '../failures.js';
import type { DetailsCodec, Snapshot } from '../heartbeat/details.js';
import type { HeartbeatStore } from '../heartbeat/store.js';
import { isThenable } from '../promises.js';

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
  const fail = (what: string, cause: unknown): void => {
    if (cause instanceof HeartbeatStoreError) {
      onLoaded(undefined, cause); // the store knows better what to say
      return;
    }
    onLoaded(
      undefined,
      new HeartbeatStoreError(
        `The heartbeat details stored for activity ${JSON.stringify(activityId)} ${what}. They were ` +
          'left as they are: repair the store, or delete the entry to start from the beginning.',
        { cause },
      ),
    );
  };
  const read = (stored: unknown): void => {
    let details: Snapshot | undefined;
    try {
      details = stored === undefined || stored === null ? undefined : decode(stored, codec);
    } catch (error) {
      fail('cannot be read', error);
      return;
    }
    onLoaded(details);
  };
  let stored: unknown;
  try {
    stored = store.get(activityId);
  } catch (error) {
    fail('could not be got', error);
    return;
  }
  if (!isThenable(stored)) read(stored);
  else {
    void Promise.resolve(stored).then(read, (error: unknown) => {
      fail('could not be got', error);
    });
  }
}

function decode(stored: unknown, codec: DetailsCodec): Snapshot {
  if (typeof stored !== 'string') throw new TypeError(`of type ${typeof stored}, not string`);
  return codec.decode(stored);
}

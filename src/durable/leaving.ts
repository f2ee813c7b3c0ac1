/** How activities leave the ledger: at their end for good, at a shutdown for the next process. */
import { isError } from '../kernel/thrown.js';
import type { Closing } from '../runtime/activity/next-attempt.js';
import { log } from '../runtime/shared/announce.js';
import { fenced } from './fence.js';
import type { LedgerStore } from './port.js';
import type { Tracked } from './tracked.js';

export class Leaving {
  readonly #store: LedgerStore;

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  /** Resolves when the store knows it. Never rejects: what the store refuses is logged. */
  async leave(tracked: Tracked, closing: Closing): Promise<void> {
    try {
      if (closing.status === 'CANCELED' && closing.retryState === undefined) {
        await this.#leaveOpen(tracked, closing.cause);
      } else if (tracked.unreadable && tracked.isRecovered) {
        await this.#store.release?.(tracked.activityId, tracked.generation as number);
      } else {
        const forgets = closing.status === 'COMPLETED' || closing.status === 'TERMINATED';
        const remove = (): Promise<unknown> => this.#remove(tracked, forgets);
        await remove().catch(remove);
      }
    } catch (error) {
      const message =
        'The store failed; the activity stays in its ledger, and recover() runs it again';
      log(tracked.activity, 'error', 0, message, { error });
    }
  }

  /** Removes the entry, and in the same turn the details, so that a store can do both in one step. */
  async #remove(tracked: Tracked, forgets: boolean): Promise<unknown> {
    const { activityId, generation } = tracked;
    return Promise.all([
      forgets && tracked.hasDetails
        ? fenced(tracked, () => this.#store.delete(activityId, generation))
        : undefined,
      fenced(tracked, () => this.#store.close(activityId, generation)),
    ]);
  }

  /** Leaves the entry for the next process. It may have it when no function runs here any more. */
  async #leaveOpen(tracked: Tracked, cause: Error): Promise<void> {
    const { activity, activityId, generation } = tracked;
    tracked.interrupted(isError(cause.cause));
    await fenced(tracked, () => this.#store.open(tracked.entry(), generation));
    const release = async (): Promise<void> => {
      await this.#store.release?.(activityId, generation as number);
    };
    const settled = activity.settled();
    const later = Promise.resolve().then(ignored).then(ignored).then(ignored);
    if (await Promise.race([settled.then(() => true), later])) await release();
    else void settled.then(release).catch(ignored);
  }
}

function ignored(): boolean {
  return false;
}

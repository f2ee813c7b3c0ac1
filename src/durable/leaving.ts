/**
 * How activities leave the ledger: at their end for good. At a shutdown, or if this process could not
 * run the function, their entries stay for the next process.
 */
import { isError, messageOf } from '../kernel/thrown.js';
import { isUnable } from '../kernel/unable.js';
import type { Closing, Failing } from '../runtime/activity/next-attempt.js';
import { log } from '../runtime/shared/announce.js';
import { fenced } from './fence.js';
import type { Leases } from './leases.js';
import type { LedgerStore } from './port.js';
import type { Tracked } from './tracked.js';

export class Leaving {
  readonly #store: LedgerStore;
  readonly #leases: Leases<Tracked>;
  /** Why this process could not run activities whose entries stay, by id: each is logged once. */
  readonly #unable = new Map<string, string>();

  constructor(store: LedgerStore, leases: Leases<Tracked>) {
    this.#store = store;
    this.#leases = leases;
  }

  /** Called when an activity has closed, before its failure is logged: this line takes its place. */
  announce(tracked: Tracked, closing: Closing): void {
    const { activity, activityId } = tracked;
    if (!tracked.holds || !wasUnable(closing)) {
      this.#unable.delete(activityId);
      return;
    }
    const why = messageOf((closing as Failing).cause);
    const isNews = this.#unable.get(activityId) !== why;
    this.#unable.set(activityId, why);
    const message = `This process cannot run the activity, so it stays in the ledger, and recover() runs it again: ${why}`;
    log(activity, isNews ? 'warn' : 'debug', activity.state.attemptNumber, message);
    activity.caller.ask();
  }

  /** Resolves when the store knows it. Never rejects: what the store refuses is logged. */
  async leave(tracked: Tracked, closing: Closing): Promise<void> {
    const { activity, standing } = tracked;
    const isLeft = closing.status === 'CANCELED' && closing.retryState === undefined;
    try {
      if (standing === 'earlier') {
        // The entry stays as it is.
      } else if (isLeft || wasUnable(closing)) {
        if (isLeft) tracked.interrupted(isError(closing.cause.cause));
        else tracked.notRun();
        await fenced(tracked, () => this.#store.open(tracked.entry(), tracked.generation));
      } else {
        const forgets = closing.status === 'COMPLETED' || closing.status === 'TERMINATED';
        const remove = (): Promise<unknown> => this.#remove(tracked, forgets);
        await remove().catch(remove);
        this.#leases.remove(tracked);
        return;
      }
    } catch (error) {
      const message =
        'The store failed; the activity stays in its ledger, and recover() runs it again';
      log(activity, 'error', 0, message, { error });
    }
    await this.#release(tracked);
  }

  /** Removes the entry, and in the same turn the details, so that a store can do both in one step. */
  async #remove(tracked: Tracked, forgets: boolean): Promise<unknown> {
    const { activityId, generation } = tracked;
    return Promise.all([
      forgets && tracked.hasDetails !== false
        ? fenced(tracked, () => this.#store.delete(activityId, generation))
        : undefined,
      fenced(tracked, () => this.#store.close(activityId, generation)),
    ]);
  }

  /** Ends the claim when no function of the activity runs here any more. Waits only if none does. */
  async #release(tracked: Tracked): Promise<void> {
    const { activity, activityId } = tracked;
    const generation = tracked.generation as number;
    const release = async (): Promise<void> => {
      this.#leases.remove(tracked);
      try {
        await this.#store.release?.(activityId, generation);
      } catch (error) {
        const message = 'The store failed; other processes must wait for the end of the lease';
        log(activity, 'error', 0, message, { error });
      }
    };
    const settled = activity.settled();
    const later = Promise.resolve().then(ignored).then(ignored).then(ignored);
    if (await Promise.race([settled.then(() => true), later])) await release();
    else void settled.then(release);
  }
}

/** Whether this process could not run the function. A cancelled activity need not run again. */
function wasUnable(closing: Closing): boolean {
  if (closing.status !== 'FAILED' || closing.retryState === 'CANCEL_REQUESTED') return false;
  return isUnable(closing.cause);
}

function ignored(): boolean {
  return false;
}

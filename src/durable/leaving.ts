/**
 * How activities leave the ledger: at their end for good. At a shutdown, or if this process could not
 * run the function, their entries stay for the next process.
 */
import { HeartbeatStoreError } from '../kernel/errors.js';
import { quote } from '../kernel/text.js';
import { isError, messageOf } from '../kernel/thrown.js';
import { isUnable } from '../runtime/shared/unable.js';
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

  /**
   * Called when an activity has closed, before its failure is logged. Tells those who wait for its
   * entrance, unless that is still to be seen. The entry stays if the details cannot be read.
   */
  close(tracked: Tracked, closing: Closing): void {
    if (wasUnreadable(tracked, closing)) tracked.failed();
    if (!wasShutDown(closing)) tracked.entrance.settle(refusalOf(tracked, closing));
    this.#warn(tracked, closing);
  }

  /** Called when an activity has left the ledger. */
  left(tracked: Tracked, closing: Closing): void {
    tracked.entrance.settle(refusalOf(tracked, closing));
    tracked.leave();
  }

  /** Logs that an activity stays. This line takes the place of one about its failure. */
  #warn(tracked: Tracked, closing: Closing): void {
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
    try {
      if (standing === 'earlier' && !wasDecided(closing)) {
        // The entry stays as it is.
      } else if (wasShutDown(closing) || wasUnable(closing)) {
        await this.#stay(tracked, closing as Failing);
      } else {
        await this.#remove(
          tracked,
          closing.status === 'COMPLETED' || closing.status === 'TERMINATED',
        );
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

  /** Writes the entry for the next process. */
  async #stay(tracked: Tracked, closing: Failing): Promise<void> {
    const { activityId, draft, generation } = tracked;
    let startsFromZero = false;
    if (wasShutDown(closing)) startsFromZero = draft.interrupted(isError(closing.cause.cause));
    else draft.notRun();
    await Promise.all([
      startsFromZero && fenced(tracked, () => this.#store.delete(activityId, generation)),
      fenced(tracked, () => this.#store.open(draft.entry(), generation)),
    ]);
    if (tracked.lost === undefined) tracked.entrance.settle();
  }

  /**
   * Removes the entry and, in the same turn, the details, so that a store can do both in one step.
   * What fails is tried once more. Rejects if the entry stays.
   */
  async #remove(tracked: Tracked, forgets: boolean): Promise<void> {
    const { activity, activityId, generation } = tracked;
    const forget = (): unknown => this.#store.delete(activityId, generation);
    const close = (): unknown => fenced(tracked, () => this.#store.close(activityId, generation));
    const tryBoth = (both: boolean): Promise<(Refusal | undefined)[]> =>
      Promise.all([both ? tryTo(() => fenced(tracked, forget)) : undefined, tryTo(close)]);
    let [details, entry] = await tryBoth(forgets && tracked.hasDetails !== false);
    if (entry !== undefined) [details, entry] = await tryBoth(details !== undefined);
    else if (details !== undefined) details = await tryTo(forget); // its claim may have ended
    if (entry !== undefined) throw entry.error;
    if (details === undefined) return;
    const message =
      'The store failed; the details of the activity stay, and the next run of its id resumes from them';
    log(activity, 'error', 0, message, { error: details.error });
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

/** Why the store has refused a write. */
interface Refusal {
  readonly error: unknown;
}

async function tryTo(write: () => unknown): Promise<Refusal | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** Whether a shutdown has closed the activity. Every other way of cancelling has a `retryState`. */
function wasShutDown(closing: Closing): boolean {
  return closing.status === 'CANCELED' && closing.retryState === undefined;
}

/** Whether a call from outside has closed the activity. It may not have begun. */
function wasDecided(closing: Closing): boolean {
  const { status } = closing;
  return status !== 'FAILED' && status !== 'TIMED_OUT' && !wasShutDown(closing);
}

/** The error that keeps an activity out of the ledger that has closed before its first attempt. */
function refusalOf({ activity, activityId }: Tracked, closing: Closing): Error | undefined {
  if (wasShutDown(closing)) {
    const message = `Activity ${quote(activityId)} has not entered the ledger: its runtime was shut down before that`;
    return new HeartbeatStoreError(message);
  }
  if (closing.status !== 'FAILED' || activity.state.lastAttempt !== undefined) return undefined;
  return closing.cause;
}

/** Whether the stored details could be got but not decoded, which the ledger does not see. */
function wasUnreadable({ activity }: Tracked, closing: Closing): boolean {
  if (closing.status !== 'FAILED' || activity.state.lastAttempt !== undefined) return false;
  return closing.cause instanceof HeartbeatStoreError;
}

/** Whether this process could not run the function. A cancelled activity need not run again. */
function wasUnable(closing: Closing): boolean {
  if (closing.status !== 'FAILED' || closing.retryState === 'CANCEL_REQUESTED') return false;
  return isUnable(closing.cause);
}

function ignored(): boolean {
  return false;
}

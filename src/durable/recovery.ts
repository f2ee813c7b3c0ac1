/** Starts the activities that another process has left in the store. */
import { badOption, checkNames, type OptionNames } from '../kernel/bad-input.js';
import type { Timer } from '../kernel/clock.js';
import { durationMs } from '../kernel/duration.js';
import { ActivityAlreadyStartedError, RuntimeShutdownError } from '../kernel/errors.js';
import { ApplicationFailure } from '../kernel/failures.js';
import { quote } from '../kernel/text.js';
import { messageOf } from '../kernel/thrown.js';
import { countedAttempt, retryDelayMs } from '../retry/delay.js';
import { conclude } from '../runtime/activity/endings.js';
import type { Execution } from '../runtime/activity/execution.js';
import { failing } from '../runtime/activity/next-attempt.js';
import { pause } from '../runtime/activity/pausing.js';
import { cancel } from '../runtime/activity/stopping.js';
import type {
  LedgerEntry,
  Recovered,
  RecoverOptions,
  UnrecoveredEntry,
} from '../runtime/shared/ledger.js';
import type { Services } from '../runtime/shared/services.js';
import { callOf, VERSION } from './entry.js';
import { reasonOf, type Leases } from './leases.js';
import type { Claim, LedgerStore } from './port.js';
import type { Tracked } from './tracked.js';

const NAMES: OptionNames = {
  of: 'recover',
  example: "{ every: '10s' }",
  known: ['every', 'countCrashes'],
  elsewhere: () => undefined,
};

/** An entry that this runtime has claimed. */
interface Found {
  readonly entry: LedgerEntry;
  readonly generation: number;
}

type Outcome =
  | { readonly execution: Execution }
  | { readonly unknown: UnrecoveredEntry }
  | { readonly held: UnrecoveredEntry }
  | undefined;

/** What it uses of its runtime. */
interface Host {
  readonly services: () => Services;
  readonly start: (fn: never, call: object, prepare: (execution: never) => void) => unknown;
}

type Functions = Readonly<Record<string, unknown>>;

export class Recovery {
  /** The entry whose activity is being started now. */
  starting: Found | undefined;
  readonly #store: LedgerStore;
  readonly #host: Host;
  readonly #leases: Leases<Tracked>;
  readonly #isOpen: (activityId: string) => boolean;
  #timer: Timer | undefined;

  /** @param isOpen whether this runtime runs the activity already */
  constructor(
    store: LedgerStore,
    host: Host,
    leases: Leases<Tracked>,
    isOpen: (activityId: string) => boolean,
  ) {
    this.#store = store;
    this.#host = host;
    this.#leases = leases;
    this.#isOpen = isOpen;
  }

  /** @throws TypeError that names the option, the value received and what is accepted */
  async recover(activities: object, options: RecoverOptions): Promise<Recovered<Execution>> {
    checkNames(options, NAMES);
    if (typeof activities !== 'object' || (activities as unknown) === null) {
      throw badOption('recover', activities, 'an object of activity functions');
    }
    const { every, countCrashes = false } = options;
    if (typeof countCrashes !== 'boolean') {
      throw badOption('recover countCrashes', countCrashes, 'true or false');
    }
    const everyMs = every === undefined ? undefined : durationMs(every, 'recover every');
    const found = await this.#recoverOnce(activities as Functions, countCrashes);
    if (everyMs !== undefined) this.#again(everyMs, activities as Functions, countCrashes);
    return found;
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #again(everyMs: number, activities: Functions, countCrashes: boolean): void {
    const { clock, log, shutdown } = this.#host.services();
    this.stop();
    if (shutdown.begun) return;
    const timer = clock.setTimer(
      () => {
        this.#recoverOnce(activities, countCrashes)
          .catch((error: unknown) => {
            if (!shutdown.begun) log('error', 'recover() has failed and will try again', { error });
          })
          .finally(() => {
            if (this.#timer === timer) this.#again(everyMs, activities, countCrashes);
          });
      },
      everyMs,
      true,
    );
    this.#timer = timer;
  }

  async #recoverOnce(activities: Functions, countCrashes: boolean): Promise<Recovered<Execution>> {
    this.#refuseIfShutDown();
    const outcomes = await Promise.allSettled(
      [...(await this.#store.list())].map((entry) => this.#take(entry, activities, countCrashes)),
    );
    const found: Recovered<Execution> = { recovered: [], unknown: [], held: [] };
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason;
      const { value } = outcome;
      if (value === undefined) continue;
      if ('execution' in value) found.recovered.push(value.execution);
      else if ('held' in value) found.held.push(value.held);
      else found.unknown.push(value.unknown);
    }
    return found;
  }

  /** @throws RuntimeShutdownError */
  #refuseIfShutDown(): void {
    if (!this.#host.services().shutdown.begun) return;
    throw new RuntimeShutdownError('This runtime is shutting down; use a new runtime to recover');
  }

  async #take(entry: LedgerEntry, activities: Functions, countCrashes: boolean): Promise<Outcome> {
    const { activityId } = entry;
    if (this.#isOpen(activityId)) return undefined;
    const reason = this.#whyNot(entry, activities);
    if (reason !== undefined) return { unknown: { ...entry, reason } };
    this.#refuseIfShutDown();
    const claim = await this.#leases.claim(activityId);
    if ('heldBy' in claim) {
      const { heldBy, until: heldUntil } = claim;
      return { held: { ...entry, heldBy, heldUntil, reason: reasonOf(claim) } };
    }
    if (this.#isOpen(activityId)) return undefined; // started by hand meanwhile
    return this.#startClaimed(entry, claim, activities, countCrashes);
  }

  /** Starts a claimed entry, or gives it back. */
  async #startClaimed(
    listed: LedgerEntry,
    claim: Claim,
    activities: Functions,
    countCrashes: boolean,
  ): Promise<Outcome> {
    const { generation } = claim;
    const { activityId } = listed;
    const isLeased = this.#store.claim !== undefined;
    const entry = isLeased ? claim.entry : listed; // it may have changed since it was listed
    const release = async (): Promise<void> => {
      if (isLeased) await this.#store.release?.(activityId, generation);
    };
    const reason = entry && this.#whyNot(entry, activities);
    if (entry === undefined || reason !== undefined) {
      await release();
      return entry && reason !== undefined ? { unknown: { ...entry, reason } } : undefined;
    }
    try {
      this.#refuseIfShutDown();
      return { execution: this.#start({ entry, generation }, activities, countCrashes) };
    } catch (error) {
      if (error instanceof ActivityAlreadyStartedError) return undefined; // the other one has it
      await release();
      if (error instanceof RuntimeShutdownError) throw error;
      return { unknown: { ...entry, reason: `cannot be started: ${messageOf(error)}` } };
    }
  }

  /** Why an entry cannot be run by this program; undefined if it can. */
  #whyNot(entry: LedgerEntry, activities: Functions): string | undefined {
    const { activityType, version } = entry;
    if (version > VERSION) {
      return `was written by a later version of systole: its form is ${version}, not ${VERSION}`;
    }
    if (typeof activities[activityType] !== 'function') {
      return `has the type ${quote(activityType)}, which recover() was not given`;
    }
    try {
      callOf(this.#host.services().codec, entry);
    } catch (error) {
      return `cannot be read: ${messageOf(error)}`;
    }
    return undefined;
  }

  #start(found: Found, activities: Functions, countCrashes: boolean): Execution {
    const { entry } = found;
    const { codec, clock } = this.#host.services();
    const { attempt, runState, scheduledAt, dueAt, withoutProgress = 0 } = entry;
    const hasCrashed = countCrashes && /^STARTED$|_REQUESTED$/.test(runState);
    const now = clock.wallNow();
    const prepare = (execution: Execution): void => {
      execution.caller.expectNobody();
      execution.backdate(Math.max(0, now - scheduledAt));
      execution.state.prepare(execution.options, hasCrashed ? attempt : attempt - 1);
      if (withoutProgress > 0) execution.remember().retried(withoutProgress, undefined);
    };
    const fn = activities[entry.activityType];
    let execution: Execution;
    this.starting = found;
    try {
      execution = this.#host.start(fn as never, callOf(codec, entry), prepare) as Execution;
    } finally {
      this.starting = undefined;
    }
    execution.caller.keepQuiet();
    if (hasCrashed) countCrash(execution, attempt);
    else if (dueAt !== undefined && dueAt > now) {
      execution.state.delayUntil(clock.now() + dueAt - now);
    }
    if (runState === 'CANCEL_REQUESTED') cancel(execution, undefined, false);
    else if (runState.startsWith('PAUSE') && execution.isOpen) pause(execution);
    return execution;
  }
}

/** Treats an attempt that its process has not survived as one that has failed. */
function countCrash(execution: Execution, attempt: number): void {
  const { options, services, state } = execution;
  const { retryPolicy } = options;
  const message = `The process died during attempt ${attempt}`;
  const failure = new ApplicationFailure(message, { type: 'ProcessDied' });
  execution.remember().failed(failure);
  if (attempt >= retryPolicy.maximumAttempts) {
    conclude(execution, failing('FAILED', failure, 'MAXIMUM_ATTEMPTS_REACHED'));
    return;
  }
  const counted = countedAttempt(retryPolicy, attempt, 0);
  const delayMs = retryDelayMs(retryPolicy, counted, services.random);
  state.delayUntil(services.clock.now() + delayMs);
}

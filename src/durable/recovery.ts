/** Starts the activities that another process has left in the store. */
import { badOption, checkNames, type OptionNames } from '../kernel/bad-input.js';
import type { Timer } from '../kernel/clock.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { ActivityAlreadyStartedError, RuntimeShutdownError } from '../kernel/errors.js';
import { quote } from '../kernel/text.js';
import { messageOf } from '../kernel/thrown.js';
import type { Execution } from '../runtime/activity/execution.js';
import type {
  LedgerEntry,
  Recovered,
  RecoverOptions,
  UnrecoveredEntry,
} from '../runtime/shared/ledger.js';
import { callOf, VERSION } from './entry.js';
import { reasonOf, type Leases } from './leases.js';
import { Line } from './line.js';
import type { Claim, Held, LedgerStore } from './port.js';
import { restart, type Book, type Host } from './restart.js';
import { Leftovers, settled } from './findings.js';
import type { Tracked } from './tracked.js';

const NAMES: OptionNames = {
  of: 'recover',
  example: "{ every: '10s' }",
  known: ['every', 'countCrashes'],
  elsewhere: () => undefined,
};

type Outcome =
  | { readonly execution: Execution }
  | { readonly unknown: UnrecoveredEntry }
  | { readonly held: UnrecoveredEntry }
  | undefined;

type Functions = Readonly<Record<string, unknown>>;

export class Recovery {
  readonly #store: LedgerStore;
  readonly #host: Host;
  readonly #leases: Leases<Tracked>;
  readonly #book: Book;
  readonly #leftovers = new Leftovers();
  /** The ids that are being claimed, so that two recoveries at once do not claim one twice. */
  readonly #taking = new Set<string>();
  /** The recoveries that are under way. */
  readonly #running = new Set<Promise<unknown>>();
  readonly #claims = new Line();
  /** The timers of recoveries that repeat, one for each call with an interval. */
  readonly #timers = new Set<Timer>();

  constructor(store: LedgerStore, host: Host, leases: Leases<Tracked>, book: Book) {
    this.#store = store;
    this.#host = host;
    this.#leases = leases;
    this.#book = book;
  }

  /** @throws TypeError that names the option, the value received and what is accepted */
  recover(activities: object, options: RecoverOptions): Promise<Recovered<Execution>> {
    checkNames(options, NAMES);
    checkActivities(activities);
    const { every, countCrashes = false } = options;
    if (typeof countCrashes !== 'boolean') {
      throw badOption('recover countCrashes', countCrashes, 'true or false');
    }
    const everyMs = every === undefined ? undefined : intervalMs(every);
    this.#refuseIfShutDown();
    return this.#recoverFrom(activities, countCrashes, everyMs);
  }

  async #recoverFrom(
    activities: Functions,
    countCrashes: boolean,
    everyMs: number | undefined,
  ): Promise<Recovered<Execution>> {
    const found = await this.#recoverOnce(activities, countCrashes);
    if (everyMs !== undefined) this.#again(everyMs, activities, countCrashes);
    const reads = found.recovered.map((one) => this.#book.whenRead(one));
    await settled(reads, this.#host.services().clock);
    return found;
  }

  /** Resolves when no recovery is under way. No other one begins. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
    await Promise.allSettled(this.#running);
  }

  #again(everyMs: number, activities: Functions, countCrashes: boolean): void {
    const { clock, log, shutdown } = this.#host.services();
    if (shutdown.begun) return;
    const onTimer = (): void => {
      this.#timers.delete(timer);
      this.#recoverOnce(activities, countCrashes)
        .catch((error: unknown) => {
          if (!shutdown.begun) log('error', 'recover() has failed and will try again', { error });
        })
        .finally(() => {
          this.#again(everyMs, activities, countCrashes);
        });
    };
    const timer = clock.setTimer(onTimer, everyMs, true);
    this.#timers.add(timer);
  }

  #recoverOnce(activities: Functions, countCrashes: boolean): Promise<Recovered<Execution>> {
    const recovery = this.#takeAll(activities, countCrashes);
    this.#running.add(recovery);
    const over = (): unknown => this.#running.delete(recovery);
    recovery.then(over, over);
    return recovery;
  }

  async #takeAll(activities: Functions, countCrashes: boolean): Promise<Recovered<Execution>> {
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
    this.#leftovers.warn(found.unknown, this.#host.services());
    return found;
  }

  /** @throws RuntimeShutdownError */
  #refuseIfShutDown(): void {
    if (!this.#host.services().shutdown.begun) return;
    throw new RuntimeShutdownError('This runtime is shutting down; use a new one to recover');
  }

  async #take(entry: LedgerEntry, activities: Functions, countCrashes: boolean): Promise<Outcome> {
    const { activityId } = entry;
    if (this.#taking.has(activityId) || this.#book.has(activityId)) return undefined;
    const reason = this.#whyNot(entry, activities);
    if (reason !== undefined) return { unknown: { ...entry, reason } };
    this.#refuseIfShutDown();
    this.#taking.add(activityId);
    try {
      return await this.#claimAndStart(entry, activities, countCrashes);
    } finally {
      this.#taking.delete(activityId);
    }
  }

  async #claimAndStart(
    entry: LedgerEntry,
    activities: Functions,
    countCrashes: boolean,
  ): Promise<Outcome> {
    const { activityId } = entry;
    let claim: Claim | Held;
    try {
      const claiming = this.#leases.claim(activityId);
      claim = await (this.#store.isOrdered === true ? this.#claims.follow(claiming) : claiming);
    } catch (error) {
      return { unknown: { ...entry, reason: `cannot be claimed: ${messageOf(error)}` } };
    }
    if ('heldBy' in claim) {
      const { heldBy, until: heldUntil } = claim;
      return { held: { ...entry, heldBy, heldUntil, reason: reasonOf(claim) } };
    }
    if (this.#book.has(activityId)) return undefined; // started by hand meanwhile
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
      const started = { host: this.#host, book: this.#book, countCrashes };
      const fn = activities[entry.activityType];
      return { execution: restart(fn, { entry, generation }, started) };
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
    if (!Object.hasOwn(activities, activityType)) {
      return `has the type ${quote(activityType)}, which recover() was not given`;
    }
    try {
      callOf(this.#host.services().codec, entry);
    } catch (error) {
      return `cannot be read: ${messageOf(error)}`;
    }
    return undefined;
  }
}

function checkActivities(activities: unknown): asserts activities is Functions {
  if (typeof activities !== 'object' || activities === null || Array.isArray(activities)) {
    throw badOption(
      'recover',
      activities,
      'an object of activity functions, such as { importRows }',
    );
  }
  for (const [name, value] of Object.entries(activities)) {
    if (typeof value !== 'function') throw badOption(`recover ${name}`, value, 'a function');
  }
}

/** @throws TypeError for a bad interval. One of 0 would keep the program busy all the time. */
function intervalMs(every: Duration): number {
  const ms = durationMs(every, 'recover every');
  if (ms > 0 && ms < Infinity) return ms;
  throw badOption('recover every', every, "a finite duration above 0, such as '10s'");
}

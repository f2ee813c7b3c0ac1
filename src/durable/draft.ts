/** What the entry of one activity says. It follows the activity, and is written from time to time. */
import type { RunState } from '../kernel/errors.js';
import type { Activity } from '../runtime/activity/activity.js';
import { runStateOf } from '../runtime/activity/run-state.js';
import type { ResetRequest } from '../runtime/attempt/requests.js';
import type { ResolvedOptions } from '../runtime/options/table.js';
import type { LedgerEntry } from '../runtime/shared/ledger.js';
import { VERSION, type KeptOptions } from './entry.js';

export class Draft {
  readonly #activity: Activity;
  readonly #activityId: string;
  readonly #args: string;
  readonly #scheduledAt: number;
  /** The options at each set of options that the activity has had. */
  readonly #options = new WeakMap<ResolvedOptions, KeptOptions>();
  /** What the entry said last. */
  #written: string | undefined;
  #runState: RunState;
  #attempt: number;
  /** 1 if an attempt that does not count has been counted as one without progress. */
  #uncounted = 0;
  /** The end of the delay on the monotonic clock, by which a change is noticed. */
  #delayedUntil = 0;
  #dueAt: number | undefined;

  constructor(
    activity: Activity,
    activityId: string,
    args: string,
    options: KeptOptions,
    found?: LedgerEntry,
  ) {
    this.#activity = activity;
    this.#activityId = activityId;
    this.#args = args;
    this.#scheduledAt = found?.scheduledAt ?? activity.services.clock.wallNow();
    this.#options.set(activity.options, options);
    this.#runState = found?.runState ?? 'SCHEDULED';
    this.#attempt = found?.attempt ?? 1;
    this.#dueAt = found?.dueAt;
    if (found !== undefined && this.#dueAt === undefined) this.#written = this.#summary();
  }

  get options(): KeptOptions {
    return this.#options.get(this.#activity.options) as KeptOptions;
  }

  /** Keeps the options that belong to the coming options of the activity. */
  change(next: ResolvedOptions, options: KeptOptions): void {
    this.#options.set(next, options);
  }

  /** Reads the state of an open activity. Returns true if the entry has changed. */
  update(): boolean {
    const { state, services } = this.#activity;
    this.#runState = runStateOf(this.#activity) ?? this.#runState;
    this.#attempt = state.attemptNumber + (state.attempt === undefined ? 1 : 0);
    this.#delayedUntil = state.attempt === undefined ? state.delayedUntil : 0;
    const waitMs = this.#delayedUntil - services.clock.now();
    const isDelayed = waitMs > 0 && waitMs < Infinity;
    this.#dueAt = isDelayed ? services.clock.wallNow() + waitMs : undefined;
    return this.#summary() !== this.#written;
  }

  /**
   * Called when a shutdown has closed the activity. Recovered, it continues where it was. Returns true
   * if it comes back without its details.
   */
  interrupted(attemptFailed: boolean): boolean {
    const { lastAttempt } = this.#activity.state;
    const isStarted = this.#runState === 'STARTED';
    if (this.#runState === 'PAUSE_REQUESTED') this.#runState = 'PAUSED';
    else if (isStarted) this.#runState = 'SCHEDULED';
    const { reset, pause } = lastAttempt?.requests ?? {};
    if (isStarted && reset !== undefined) return this.#startOver(reset, pause !== undefined);
    this.#attempt += attemptFailed ? 1 : 0;
    return false;
  }

  /** Does what was requested of the attempt that the shutdown has ended. */
  #startOver({ options, delayMs }: ResetRequest, wasPaused: boolean): boolean {
    const { services, past, state } = this.#activity;
    if (wasPaused && options.keepPaused) this.#runState = 'PAUSED';
    if (options.restoreOriginalOptions) state.restoreOptions();
    if (delayMs > 0) this.#dueAt = services.clock.wallNow() + delayMs;
    past?.reset();
    this.#attempt = 1;
    return options.resetHeartbeat;
  }

  /** Called when this process could not run its function. The attempt does not count. */
  notRun(): void {
    this.interrupted(false);
    const number = this.#activity.state.lastAttempt?.number ?? this.#attempt;
    this.#uncounted = this.#attempt - number; // hooks come between two attempts
    this.#attempt = number;
  }

  /** The entry for the store, which has it from now on. */
  entry(): LedgerEntry {
    this.#written = this.#summary();
    const withoutProgress = this.#withoutProgress;
    return {
      activityId: this.#activityId,
      activityType: this.#activity.activityType,
      args: this.#args,
      options: this.options.text,
      attempt: this.#attempt,
      runState: this.#runState,
      scheduledAt: this.#scheduledAt,
      ...(this.#dueAt !== undefined && { dueAt: Math.round(this.#dueAt) }),
      ...(withoutProgress > 0 && { withoutProgress }),
      version: VERSION,
    };
  }

  /** Called when the store does not have the entry that it was given. */
  notWritten(): void {
    this.#written = undefined;
  }

  /** The number of attempts in a row without new details, before the current one if it has none. */
  get #withoutProgress(): number {
    const { state, past } = this.#activity;
    if (past === undefined || state.lastAttempt?.reports?.progressed === true) return 0;
    return Math.max(0, past.withoutProgress - this.#uncounted);
  }

  #summary(): string {
    const numbers = `${this.#attempt} ${this.#delayedUntil} ${this.#withoutProgress}`;
    return `${this.#runState} ${numbers} ${this.options.text}`;
  }
}

/**
 * The state of an activity. Only this file changes the phase, the current attempt, its number, the
 * options that apply, and how the activity has closed.
 *
 *   SCHEDULED ──▶ WAITING ──▶ RUNNING ──▶ CLOSED      Any phase can go to CLOSED.
 *     ▲ │ ▲          │           │
 *     │ │ └──────────┼───────────┤
 *     │ ▼            │           │
 *    PAUSED ◀────────┴───────────┘
 *
 * - SCHEDULED: up to three locks keep the next attempt back. The store is being read, a delay runs
 *   (it has no end while the functions of the retry policy decide), or an earlier function is waited
 *   for.
 * - WAITING: the last lock has opened, and the activity is in the queue for a slot.
 */
import { Deferred } from '../../kernel/promises.js';
import type { Attempt } from '../attempt/attempt.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Listed, Phase, Registry } from '../shared/registry.js';
import type { ClosedStatus } from './failure-messages.js';
import type { Next } from './next-attempt.js';

/** The phases that may follow each phase. `NEW` stands for an activity without a phase. */
export const MOVES: Readonly<Record<Phase | 'NEW', readonly Phase[]>> = {
  NEW: ['SCHEDULED', 'CLOSED'],
  SCHEDULED: ['WAITING', 'PAUSED', 'CLOSED'],
  WAITING: ['RUNNING', 'SCHEDULED', 'PAUSED', 'CLOSED'],
  RUNNING: ['SCHEDULED', 'PAUSED', 'CLOSED'],
  PAUSED: ['SCHEDULED', 'CLOSED'],
  CLOSED: [],
};

/**
 * Defined only in the build, which leaves the checks out. Moves are checked in tests and wherever the
 * source itself runs. The condition is part of the statement, so that the minifier can remove it.
 */
declare const SYSTOLE_BUILD: boolean | undefined;

/** The earlier attempt whose function the next attempt waits for, and how long at most. */
interface Overlap {
  readonly attempt: Attempt;
  readonly until: number;
}

export class ActivityState {
  readonly #activity: Listed;
  readonly #registry: Registry<Listed>;
  /** The options as the call gave them. */
  #firstOptions: ResolvedOptions;
  options: ResolvedOptions;
  /** The phase; undefined before the activity is scheduled. */
  phase: Phase | undefined;
  /** How the activity has closed; undefined while it is open. */
  closedAs: ClosedStatus | 'COMPLETED' | undefined;
  /** The running attempt or, between attempts, the previous one. */
  lastAttempt: Attempt | undefined;
  /** The number of the last attempt; 0 after a reset. */
  attemptNumber = 0;
  /** The end of the delay; undefined for none, because a number would cost extra memory. */
  #delayedUntil: number | undefined;
  /** Whether the store is being read. */
  loading = false;
  #overlap: Overlap | undefined;
  #waitingSince: number | undefined;
  #planned: Next | undefined;
  #change: Deferred<void> | undefined;

  constructor(activity: Listed, registry: Registry<Listed>, options: ResolvedOptions) {
    this.#activity = activity;
    this.#registry = registry;
    this.options = this.#firstOptions = options;
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────

  /** The running attempt; undefined if none runs. */
  get attempt(): Attempt | undefined {
    return this.phase === 'RUNNING' ? this.lastAttempt : undefined;
  }

  /** The end of the current or the last delay. */
  get delayedUntil(): number {
    return this.#delayedUntil ?? 0;
  }

  /** What follows unless the hooks of the policy decide otherwise; undefined if they have. */
  get held(): Next | undefined {
    return this.#delayedUntil === Infinity ? this.#planned : undefined;
  }

  /** The ended attempt whose function the next attempt waits for. */
  get waitsFor(): Attempt | undefined {
    return this.#overlap?.attempt;
  }

  /** The time at which the activity began to wait for a slot. */
  get waitingSince(): number {
    return this.#waitingSince ?? 0;
  }

  /** The time at which a lock opens by itself; Infinity if none does. */
  get opensAt(): number {
    if (this.#overlap !== undefined) return this.#overlap.until;
    return this.phase === 'SCHEDULED' && !this.loading ? this.delayedUntil : Infinity;
  }

  /** The scheduleToStart deadline; Infinity if no attempt waits for a slot. */
  get scheduleToStartAt(): number {
    const timeoutMs = this.options.scheduleToStartTimeoutMs;
    return this.phase === 'WAITING' && timeoutMs > 0 ? this.waitingSince + timeoutMs : Infinity;
  }

  /** Whether an attempt may ask for a slot. */
  isUnlocked(now: number): boolean {
    const unlocked = !this.loading && this.#overlap === undefined && now >= this.delayedUntil;
    return this.phase === 'SCHEDULED' && unlocked;
  }

  /**
   * Gives an activity the past of an earlier process, or of a test. Must be called before
   * `schedule()`.
   */
  prepare(options: ResolvedOptions, attemptNumber: number): void {
    if (typeof SYSTOLE_BUILD === 'undefined' && this.phase !== undefined) {
      throw new Error('prepare() comes before schedule()');
    }
    this.options = this.#firstOptions = options;
    this.attemptNumber = attemptNumber;
  }

  // ── Moves ────────────────────────────────────────────────────────────────────────────────────

  /** @param delayedUntil undefined for no delay */
  schedule(delayedUntil: number | undefined): void {
    this.#delayedUntil = delayedUntil;
    this.#enter('SCHEDULED');
  }

  wait(now: number): void {
    this.#waitingSince = now;
    this.#enter('WAITING');
  }

  run(attempt: Attempt): void {
    this.lastAttempt = attempt;
    this.attemptNumber = attempt.number;
    this.#enter('RUNNING');
  }

  /** Called when the running attempt has ended. The next one has the number `attemptNumber + 1`. */
  retry(attemptNumber: number, delayedUntil: number, paused: boolean, planned?: Next): void {
    this.attemptNumber = attemptNumber;
    this.#delayedUntil = delayedUntil;
    this.#planned = planned;
    this.#enter(paused ? 'PAUSED' : 'SCHEDULED');
  }

  /** Keeps attempts from starting. A delay continues. */
  pause(): void {
    this.#enter('PAUSED');
  }

  /** Continues the rest of the delay, plus `extraMs`. */
  unpause(extraMs: number, now: number): void {
    if (extraMs > 0) this.#delayedUntil = Math.max(this.delayedUntil, now) + extraMs;
    this.#enter('SCHEDULED');
  }

  /** Makes the next attempt number 1, after a new delay. It may stay paused. */
  restart(delayedUntil: number, unpauses: boolean): void {
    this.attemptNumber = 0;
    this.#delayedUntil = delayedUntil;
    if (unpauses || this.phase === 'WAITING') this.#enter('SCHEDULED');
    else this.#activity.changed();
  }

  close(status: ClosedStatus | 'COMPLETED'): void {
    this.closedAs = status;
    this.#overlap = undefined;
    if (this.loading) this.#countLoading(-1); // the store will not be read any more
    this.#enter('CLOSED');
  }

  /** The only statement that changes the phase. */
  #enter(phase: Phase): void {
    const from = this.phase;
    if (typeof SYSTOLE_BUILD === 'undefined' && !MOVES[from ?? 'NEW'].includes(phase)) {
      throw new Error(`an activity cannot go from ${from ?? 'NEW'} to ${phase}`);
    }
    this.phase = phase;
    this.#registry.move(this.#activity, from, phase);
    this.#activity.changed();
    const change = this.#change;
    this.#change = undefined;
    change?.resolve();
  }

  /** Resolves at the next change of the phase. */
  changed(): Promise<void> {
    return (this.#change ??= new Deferred()).promise;
  }

  // ── Locks, and the rest of the state ─────────────────────────────────────────────────────────

  beginLoading(): void {
    this.loading = true;
    this.#countLoading(1);
  }

  endLoading(): void {
    this.loading = false;
    this.#countLoading(-1);
  }

  /** Counts activities that want a slot when their store has answered. A delayed one does not. */
  #countLoading(change: 1 | -1): void {
    if (this.#firstOptions.startDelayMs === 0) this.#registry.countLoading(change);
  }

  delayUntil(time: number): void {
    this.#delayedUntil = time;
    this.#activity.changed();
  }

  waitFor(attempt: Attempt, until: number): void {
    this.#overlap = { attempt, until };
  }

  /** Ends the wait for an earlier function. Returns its attempt, if there is one. */
  endOverlap(): Attempt | undefined {
    const attempt = this.#overlap?.attempt;
    this.#overlap = undefined;
    return attempt;
  }

  changeOptions(options: ResolvedOptions): void {
    this.options = options;
  }

  restoreOptions(): void {
    this.options = this.#firstOptions;
  }
}

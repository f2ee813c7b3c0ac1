/**
 * Where an activity stands. Only this file changes the phase, the current attempt, its number, the
 * options in force, and how the activity has closed.
 *
 *   SCHEDULED ──▶ WAITING ──▶ RUNNING ──▶ CLOSED      SCHEDULED  behind up to three locks: the store
 *     ▲ │ ▲ ▲        │           │                               is being read, a delay runs, or an
 *     │ │ │ └────────┘           │                               earlier function is waited for
 *     │ │ └──────────────────────┤                    WAITING    in the queue for a slot, from the
 *     │ ▼                        │                               moment the last lock opens
 *   PAUSED ◀─────────────────────┘                    Any phase can go to CLOSED, and PAUSED is
 *                                                     reached from WAITING too.
 */
import { Deferred } from '../../kernel/promises.js';
import type { Attempt } from '../attempt/attempt.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Listed, Phase, Registry } from '../shared/registry.js';
import type { ClosedStatus } from './failure-messages.js';

/** The phases that may follow each phase; a new activity has none yet. */
export const MOVES: Readonly<Record<Phase | 'NEW', readonly Phase[]>> = {
  NEW: ['SCHEDULED', 'CLOSED'],
  SCHEDULED: ['WAITING', 'PAUSED', 'CLOSED'],
  WAITING: ['RUNNING', 'SCHEDULED', 'PAUSED', 'CLOSED'],
  RUNNING: ['SCHEDULED', 'PAUSED', 'CLOSED'],
  PAUSED: ['SCHEDULED', 'CLOSED'],
  CLOSED: [],
};

/**
 * Defined in the build alone, which leaves the checks out: moves are checked in tests and wherever
 * the source itself runs. The condition stands in the statement, so that the minifier sees it.
 */
declare const SYSTOLE_BUILD: boolean | undefined;

/** How the next attempt waits for a function that has not stopped. */
interface Overlap {
  readonly attempt: Attempt;
  readonly until: number;
}

export class ActivityState {
  readonly #activity: Listed;
  readonly #registry: Registry<Listed>;
  /** The options as the call gave them. */
  readonly #firstOptions: ResolvedOptions;
  options: ResolvedOptions;
  /** Undefined before the activity is scheduled. */
  phase: Phase | undefined;
  /** How the activity has closed; undefined while it is open. */
  closedAs: ClosedStatus | 'COMPLETED' | undefined;
  /** The running attempt or, between attempts, the one before. */
  lastAttempt: Attempt | undefined;
  /** The number of the last attempt made; 0 after a reset. */
  attemptNumber = 0;
  /** Undefined for no delay; a number would cost every activity a box. */
  #delayedUntil: number | undefined;
  /** The store is being read. */
  loading = false;
  #overlap: Overlap | undefined;
  #waitingSince: number | undefined;
  #change: Deferred<void> | undefined;

  constructor(activity: Listed, registry: Registry<Listed>, options: ResolvedOptions) {
    this.#activity = activity;
    this.#registry = registry;
    this.options = this.#firstOptions = options;
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────

  /** The running attempt. */
  get attempt(): Attempt | undefined {
    return this.phase === 'RUNNING' ? this.lastAttempt : undefined;
  }

  /** The end of the delay that runs now, or ran last. */
  get delayedUntil(): number {
    return this.#delayedUntil ?? 0;
  }

  /** The ended attempt whose function the next attempt waits for. */
  get waitsFor(): Attempt | undefined {
    return this.#overlap?.attempt;
  }

  /** Since when the attempt has waited for a slot. */
  get waitingSince(): number {
    return this.#waitingSince ?? 0;
  }

  /** When a lock may open by itself; Infinity if none does. */
  get opensAt(): number {
    if (this.#overlap !== undefined) return this.#overlap.until;
    return this.phase === 'SCHEDULED' && !this.loading ? this.delayedUntil : Infinity;
  }

  /** Whether an attempt may ask for a slot. */
  isUnlocked(now: number): boolean {
    const unlocked = !this.loading && this.#overlap === undefined && now >= this.delayedUntil;
    return this.phase === 'SCHEDULED' && unlocked;
  }

  /** For tests: an activity that has a past. Only before it is scheduled. */
  prepare(options: ResolvedOptions, attemptNumber: number): void {
    if (typeof SYSTOLE_BUILD === 'undefined' && this.phase !== undefined) {
      throw new Error('prepare() comes before schedule()');
    }
    this.options = options;
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

  /** The running attempt is over, and the next one is to have a number one above `attemptNumber`. */
  retry(attemptNumber: number, delayedUntil: number, paused: boolean): void {
    this.attemptNumber = attemptNumber;
    this.#delayedUntil = delayedUntil;
    this.#enter(paused ? 'PAUSED' : 'SCHEDULED');
  }

  /** No attempt begins any more; a delay goes on all the same. */
  pause(): void {
    this.#enter('PAUSED');
  }

  /** The rest of the delay goes on, and then `extraMs` more. */
  unpause(extraMs: number, now: number): void {
    if (extraMs > 0) this.delayUntil(Math.max(this.delayedUntil, now) + extraMs);
    this.#enter('SCHEDULED');
  }

  /** The next attempt is number 1, after a new delay; a paused activity may stay so. */
  restart(delayedUntil: number, unpauses: boolean): void {
    this.attemptNumber = 0;
    this.#delayedUntil = delayedUntil;
    if (unpauses || this.phase === 'WAITING') this.#enter('SCHEDULED');
  }

  close(status: ClosedStatus | 'COMPLETED'): void {
    this.closedAs = status;
    this.#overlap = undefined;
    if (this.loading) this.#countLoading(-1); // the store has not been read, and never will be
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
    const change = this.#change;
    this.#change = undefined;
    change?.resolve();
  }

  /** Settles when the phase changes next. */
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

  /** What is delayed anyway does not want a slot as soon as the store has answered. */
  #countLoading(change: 1 | -1): void {
    if (this.#firstOptions.startDelayMs === 0) this.#registry.countLoading(change);
  }

  delayUntil(time: number): void {
    this.#delayedUntil = time;
  }

  waitFor(attempt: Attempt, until: number): void {
    this.#overlap = { attempt, until };
  }

  /** The function that was waited for is waited for no longer: whose it was, if any. */
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

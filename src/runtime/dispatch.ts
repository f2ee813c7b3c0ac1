/**
 * When the next attempt begins: after its delay, once no earlier function is waited for, in a free
 * slot. It asks nothing about attempts but whether one is in the way.
 *
 *   IDLE ──▶ DELAYED ──▶ WAITING ──▶ IDLE, and the attempt begins
 *          (start delay,  (for a slot)
 *           or backoff)
 */
import { Deferred } from '../promises.js';
import { retry, RETRY, type RetrySubject } from '../retry/retry.js';
import type { Attempt } from './attempt.js';
import type { ResolvedOptions } from './options.js';
import type { Queue, Waiter } from './scheduler.js';
import type { Services } from './services.js';

/** The activity whose attempts are dispatched. */
export interface Dispatched {
  readonly services: Services;
  readonly options: ResolvedOptions;
  /** The slot is there. `dispatchedAt` is since when the attempt has waited for it. */
  beginAttempt(dispatchedAt: number, now: number): void;
  /** The deadline of the activity has moved. */
  rearm(now: number): void;
}

export class Dispatch implements Waiter, RetrySubject {
  queue: Queue | undefined;
  ahead: Waiter | undefined;
  behind: Waiter | undefined;

  readonly #activity: Dispatched;
  #state: 'IDLE' | 'DELAYED' | 'WAITING' = 'IDLE';
  /** In DELAYED: when the delay is over. In WAITING: since when. */
  #at = 0;
  /** A timed-out attempt whose function is waited for, and until when; it keeps its slot. */
  #overlap: { readonly attempt: Attempt; readonly until: number } | undefined;
  /** The retry loop waits on these: for the delay to be over, and for the attempt to end. */
  #backoff: Deferred<boolean> | undefined;
  #turn: Deferred<void> | undefined;

  constructor(activity: Dispatched) {
    this.#activity = activity;
  }

  get priority(): number {
    return this.#activity.options.priority;
  }

  /** The first attempt, at the time `at`. */
  first(at: number, now: number): void {
    this.#state = 'DELAYED';
    this.#at = at;
    if (now >= at) this.#enqueue(now);
    else this.#activity.rearm(now);
  }

  /** Another attempt, `delayMs` after one that has ended. Its slot is given back, now or later. */
  again(ended: Attempt, delayMs: number, now: number): void {
    this.#state = 'DELAYED';
    this.#at = now + delayMs;
    this.#backoff = new Deferred();
    const waitMs = this.#activity.options.overlapWaitMs;
    if (ended.running && waitMs > 0) this.#overlap = { attempt: ended, until: now + waitMs };
    else this.#activity.services.scheduler.release();
    this.#activity.rearm(now);
  }

  /** After `again`, and the news of it: into the retry loop, or on with it. */
  loop(): void {
    if (this.#turn === undefined) retry(this);
    else this.#turn.reject(RETRY);
  }

  /** The function of an ended attempt has settled. */
  settled(attempt: Attempt, now: number): void {
    if (this.#overlap?.attempt !== attempt) return;
    this.#endOverlap();
    this.#onDelay(now);
    this.#activity.rearm(now);
    this.#activity.services.scheduler.handOut();
  }

  /** The activity has closed: nothing waits any more. */
  close(): void {
    this.#state = 'IDLE';
    this.#activity.services.scheduler.withdraw(this);
    this.#endOverlap();
    this.#backoff?.resolve(false);
    this.#turn?.resolve();
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  /** When to look again: at the end of the delay or the overlap, or of scheduleToStart. */
  get dueAt(): number {
    return this.#state === 'DELAYED' ? (this.#overlap?.until ?? this.#at) : this.scheduleToStartAt;
  }

  /** The scheduleToStart deadline; Infinity if nothing waits for a slot. */
  get scheduleToStartAt(): number {
    const timeoutMs = this.#activity.options.scheduleToStartTimeoutMs;
    return this.#state === 'WAITING' && timeoutMs > 0 ? this.#at + timeoutMs : Infinity;
  }

  onDue(now: number): void {
    if (this.#state === 'DELAYED') this.#onDelay(now);
  }

  /** Goes on to the slot once the delay and the overlap are over. */
  #onDelay(now: number): void {
    if (this.#overlap !== undefined) {
      if (now < this.#overlap.until) return;
      this.#endOverlap();
    }
    if (now < this.#at) return;
    this.#at = Infinity; // over: it does not fall due again
    if (this.#backoff === undefined) this.#enqueue(now);
    else this.#backoff.resolve(true);
  }

  #endOverlap(): void {
    if (this.#overlap === undefined) return;
    this.#overlap = undefined;
    this.#activity.services.scheduler.release();
  }

  // ── The slot ─────────────────────────────────────────────────────────────────────────────────

  #enqueue(now: number): void {
    this.#state = 'WAITING';
    this.#at = now;
    this.#activity.services.scheduler.request(this, now);
    if (this.queue !== undefined) this.#activity.rearm(now);
  }

  begin(now: number = this.#activity.services.clock.now()): void {
    const dispatchedAt = this.#at;
    this.#state = 'IDLE';
    this.#activity.beginAttempt(dispatchedAt, now);
  }

  // ── The retry loop asks ──────────────────────────────────────────────────────────────────────

  backoff(): Promise<boolean> {
    return this.#backoff?.promise ?? Promise.resolve(false);
  }

  nextAttempt(): Promise<void> {
    if (this.#state !== 'DELAYED') return Promise.resolve(); // closed in between
    const turn = (this.#turn = new Deferred<void>());
    this.#enqueue(this.#activity.services.clock.now());
    return turn.promise;
  }
}

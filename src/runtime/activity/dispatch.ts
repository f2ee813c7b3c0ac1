/**
 * When the next attempt begins: after its delay, once no earlier function is waited for, in a free
 * slot. It asks nothing about attempts but whether one is in the way.
 *
 *             PAUSED
 *               ▲│
 *   IDLE ──▶ DELAYED ──▶ WAITING ──▶ IDLE, and the attempt begins
 *          (start delay,  (for a slot)
 *           or backoff)
 */
import { Deferred } from '../../kernel/promises.js';
import { retry, RETRY, type RetrySubject } from '../../retry/loop.js';
import type { Attempt } from '../attempt/attempt.js';
import type { ResolvedOptions } from '../options/activity-options.js';
import type { Waiter } from '../shared/slots.js';
import type { Services } from '../shared/services.js';

/** The activity whose attempts are dispatched. */
export interface Dispatched {
  readonly services: Services;
  readonly options: ResolvedOptions;
  /** The scheduleToClose deadline. */
  readonly expiresAt: number;
  /** The slot is there. `dispatchedAt` is since when the attempt has waited for it. */
  beginAttempt(dispatchedAt: number, now: number): void;
  /** The deadline of the activity has moved. */
  rearm(now: number): void;
}

export class Dispatch implements Waiter {
  lane: Waiter['lane'] = undefined;
  ahead: Waiter | undefined;
  behind: Waiter | undefined;
  order = 0;

  readonly #activity: Dispatched;
  #state: 'IDLE' | 'DELAYED' | 'PAUSED' | 'WAITING' | 'CLOSED' = 'IDLE';
  /** In DELAYED and PAUSED: when the delay is over. In WAITING: since when. */
  #at = 0;
  /** False while the store is read: then nothing begins, whatever is asked meanwhile. */
  #ready = false;
  /** A timed-out attempt whose function is waited for, and until when; a slot it has, it keeps. */
  #overlap: { readonly attempt: Attempt; readonly until: number } | undefined;
  #loop: RetryLoop | undefined;

  constructor(activity: Dispatched) {
    this.#activity = activity;
  }

  get priority(): number {
    return this.#activity.options.priority;
  }

  get concurrencyKey(): string | undefined {
    return this.#activity.options.concurrencyKey;
  }

  get paused(): boolean {
    return this.#state === 'PAUSED';
  }

  /** The attempt before, of which the function is waited for. */
  get waitsFor(): Attempt | undefined {
    return this.#overlap?.attempt;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get waiting(): boolean {
    return this.#state === 'WAITING';
  }

  /** A delay runs, or would if the activity were not paused. */
  isDelayed(now: number): boolean {
    const delays = this.#state === 'DELAYED' || this.#state === 'PAUSED';
    return delays && this.#at > now && this.#at !== Infinity;
  }

  /** When the delay that runs now is over; undefined if none does. */
  get delayedUntil(): number | undefined {
    const delays = this.#state === 'DELAYED' && this.#ready && Number.isFinite(this.#at);
    return delays ? this.#at : undefined;
  }

  /** The first attempt, at the time `at`, or later if a reset or a pause has put it off. */
  first(at: number, now: number): void {
    if (this.#state !== 'PAUSED') this.#state = 'DELAYED';
    this.#at = Math.max(this.#at, at);
    this.#ready = true;
    this.proceed(now);
  }

  /** Another attempt, `delayMs` after one that has ended. Its slot is given back, now or later. */
  again(ended: Attempt, delayMs: number, now: number): void {
    this.#keepApart(ended, now);
    this.#loop ??= new RetryLoop();
    this.#loop.waitForDelay();
    this.#state = 'DELAYED';
    this.#at = now + delayMs;
    this.#activity.rearm(now);
  }

  /** After `again`, and the news of it: into the retry loop, or on with it. */
  goOn(): void {
    this.#loop?.goOn(() => {
      this.#asked();
    });
  }

  /** The function of an ended attempt has settled. */
  settled(attempt: Attempt, now: number): void {
    if (this.#overlap?.attempt !== attempt) return;
    this.#endOverlap();
    this.proceed(now);
    this.#activity.services.scheduler.handOut();
  }

  /** Nothing begins any more; the delay goes on all the same. */
  pause(now: number): void {
    if (this.#state === 'WAITING' || this.#at === Infinity) this.#at = -Infinity; // it is over
    this.#activity.services.scheduler.withdraw(this);
    this.#state = 'PAUSED';
    this.#activity.rearm(now);
  }

  /** To be gone on with, after the rest of the delay and `extraMs`. */
  unpause(extraMs: number, now: number): void {
    this.#state = 'DELAYED';
    if (extraMs > 0) this.#at = Math.max(this.#at, now) + extraMs;
  }

  /** The delay, or the wait for a slot, becomes a delay until `at`. */
  reschedule(at: number): void {
    this.#activity.services.scheduler.withdraw(this);
    if (this.#state === 'WAITING') this.#state = 'DELAYED';
    this.#at = at;
  }

  /** The priority has changed: to the end of the queue of the new one. */
  requeue(now: number): void {
    if (this.lane === undefined) return;
    const { scheduler } = this.#activity.services;
    scheduler.withdraw(this);
    scheduler.request(this, now);
  }

  /**
   * After `unpause` and `reschedule`, and the news of it; not if it is too late for an attempt. Does
   * nothing if somebody who heard the news has closed the activity.
   */
  proceed(now: number): void {
    if (now >= this.#activity.expiresAt || !this.onDue(now)) this.#activity.rearm(now);
  }

  /** The activity has closed: nothing waits any more. */
  close(): void {
    this.#state = 'CLOSED';
    this.#activity.services.scheduler.withdraw(this);
    this.#endOverlap();
    this.#loop?.end();
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  /** When to look again: at the end of the delay or the overlap, or of scheduleToStart. */
  get dueAt(): number {
    if (this.#overlap !== undefined) return this.#overlap.until;
    if (this.#state !== 'DELAYED') return this.scheduleToStartAt;
    return this.#ready ? this.#at : Infinity;
  }

  /** The scheduleToStart deadline; Infinity if nothing waits for a slot. */
  get scheduleToStartAt(): number {
    const timeoutMs = this.#activity.options.scheduleToStartTimeoutMs;
    return this.#state === 'WAITING' && timeoutMs > 0 ? this.#at + timeoutMs : Infinity;
  }

  /** Goes on to the slot if the delay and the overlap are over: true if they are. */
  onDue(now: number): boolean {
    if (this.#overlap !== undefined && now >= this.#overlap.until) this.#endOverlap();
    if (this.#state !== 'DELAYED' || !this.#ready) return false;
    if (this.#overlap !== undefined || now < this.#at) return false;
    this.#at = Infinity; // over: it does not fall due again
    if (this.#loop?.delayIsOver() !== true) this.#enqueue(now);
    return true;
  }

  #keepApart(ended: Attempt, now: number): void {
    const waitMs = this.#activity.options.overlapWaitMs;
    if (ended.running && waitMs > 0) this.#overlap = { attempt: ended, until: now + waitMs };
    else this.#giveBackSlotOf(ended);
  }

  #endOverlap(): void {
    if (this.#overlap === undefined) return;
    const { attempt } = this.#overlap;
    this.#overlap = undefined;
    this.#giveBackSlotOf(attempt);
  }

  #giveBackSlotOf({ holdsSlot }: Attempt): void {
    if (holdsSlot) this.#activity.services.scheduler.release(this);
  }

  // ── The slot ─────────────────────────────────────────────────────────────────────────────────

  /** The retry loop asks for the attempt, some promises after the delay was over. */
  #asked(): void {
    if (this.#state === 'DELAYED' && this.#at === Infinity) {
      this.#enqueue(this.#activity.services.clock.now());
    }
  }

  #enqueue(now: number): void {
    this.#state = 'WAITING';
    this.#at = now;
    this.#activity.services.scheduler.request(this, now);
    if (this.lane !== undefined) this.#activity.rearm(now);
  }

  begin(now: number = this.#activity.services.clock.now()): void {
    const dispatchedAt = this.#at;
    this.#state = 'IDLE';
    this.#activity.beginAttempt(dispatchedAt, now);
  }
}

/** What the retry loop waits on: for the delay to be over, and then for the attempt to end. */
class RetryLoop implements RetrySubject {
  #delay: Deferred<boolean> | undefined;
  #turn: Deferred<void> | undefined;
  #ask: (() => void) | undefined;
  #ended = false;

  waitForDelay(): void {
    this.#delay = new Deferred();
  }

  /** @param ask called when the loop wants the next attempt */
  goOn(ask: () => void): void {
    this.#ask = ask;
    if (this.#turn === undefined) retry(this);
    else this.#turn.reject(RETRY);
  }

  /** True if the loop was waiting for this, and will ask; false if it has asked already. */
  delayIsOver(): boolean {
    this.#delay?.resolve(true);
    return this.#delay !== undefined;
  }

  end(): void {
    this.#ended = true;
    this.#delay?.resolve(false);
    this.#turn?.resolve();
  }

  backoff(): Promise<boolean> {
    return this.#delay?.promise ?? Promise.resolve(false);
  }

  nextAttempt(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#delay = undefined;
    const turn = (this.#turn = new Deferred<void>());
    this.#ask?.();
    return turn.promise;
  }
}

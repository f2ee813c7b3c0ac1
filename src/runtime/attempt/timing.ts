/** The time limits of an attempt: its own, and those of its activity. */
import type { TimeoutType } from '../../kernel/failures.js';
import { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Services } from '../shared/services.js';

/** An activity, as far as its time limits need it. */
export interface TimedActivity {
  readonly options: ResolvedOptions;
  readonly services: Services;
  readonly scheduledAt: number;
}

export abstract class AttemptTiming {
  /** From 1. */
  readonly number: number;
  /** Since when the attempt had waited for its slot. */
  readonly dispatchedAt: number;
  readonly startedAt: number;
  readonly #activity: TimedActivity;
  readonly #monitor: HeartbeatMonitor;
  #progress: HeartbeatMonitor | undefined;
  #beaten = false;

  constructor(activity: TimedActivity, number: number, dispatchedAt: number, startedAt: number) {
    const { heartbeatTimeoutMs, progressTimeoutMs } = activity.options;
    this.#activity = activity;
    this.number = number;
    this.dispatchedAt = dispatchedAt;
    this.startedAt = startedAt;
    this.#monitor = new HeartbeatMonitor(heartbeatTimeoutMs, startedAt);
    if (progressTimeoutMs > 0) this.#progress = new HeartbeatMonitor(progressTimeoutMs, startedAt);
  }

  get scheduledAt(): number {
    return this.#activity.scheduledAt;
  }

  // ── Signs of life ────────────────────────────────────────────────────────────────────────────

  /** A heartbeat has come. */
  protected beaten(now: number): void {
    this.#monitor.beat(now);
    this.#beaten = true;
  }

  /** Whether a timeout of its own watches the progress. */
  protected get watchesProgress(): boolean {
    return this.#progress !== undefined;
  }

  /** A heartbeat has brought details that are different from the ones before. */
  protected gotOn(now: number): void {
    this.#progress?.beat(now);
  }

  /** When the last heartbeat came; undefined before the first. */
  get heartbeatAt(): number | undefined {
    return this.#beaten ? this.#monitor.lastBeatAt : undefined;
  }

  forgetHeartbeats(): void {
    this.#beaten = false;
  }

  // ── Limits ───────────────────────────────────────────────────────────────────────────────────

  /** When the first timeout falls due. `expiresAt` is the scheduleToClose deadline. */
  protected firstTimeoutAt(expiresAt: number): number {
    const progressAt = this.#progress?.deadline ?? Infinity;
    return Math.min(this.#startToCloseAt, expiresAt, this.#monitor.deadline, progressAt);
  }

  /** The limits that count time on the wall, whether the event loop is blocked or not. */
  limitAt(expiresAt: number): number {
    return Math.min(this.#startToCloseAt, expiresAt);
  }

  /**
   * Which of these limits comes first. On a tie it is startToClose, as in Temporal; but a first
   * attempt, which starts here the moment it is scheduled, would start a little later there.
   */
  firstLimit(expiresAt: number): TimeoutType {
    const startToCloseAt = this.#startToCloseAt;
    const startToClose = this.#startedWhenScheduled
      ? startToCloseAt < expiresAt
      : startToCloseAt <= expiresAt;
    return startToClose ? 'START_TO_CLOSE' : 'SCHEDULE_TO_CLOSE';
  }

  /** The deadline that has passed first. On a tie a limit comes before heartbeat, as in Temporal. */
  expired(now: number, expiresAt: number): TimeoutType | undefined {
    const limitAt = this.limitAt(expiresAt);
    const { clock } = this.#activity.services;
    for (;;) {
      const heartbeatAt = this.#monitor.deadline;
      const progressAt = this.#progress?.deadline ?? Infinity;
      const due = Math.min(limitAt, heartbeatAt, progressAt);
      if (due > now) return undefined;
      if (due === limitAt) return this.firstLimit(expiresAt);
      if (due === heartbeatAt) {
        if (!this.#monitor.extend(now, clock.now())) return 'HEARTBEAT';
      } else if (this.#progress?.extend(now, clock.now()) !== true) return 'PROGRESS';
    }
  }

  /** Since when the attempt has waited for what a timeout of this type says did not come. */
  waitedSince(timeoutType: TimeoutType): number {
    if (timeoutType === 'HEARTBEAT') return this.#monitor.lastBeatAt;
    if (timeoutType === 'PROGRESS') return this.#progress?.lastBeatAt ?? this.startedAt;
    return timeoutType === 'START_TO_CLOSE' ? this.startedAt : this.#activity.scheduledAt;
  }

  /**
   * The options have changed: the timeouts count from where they did before. Progress is not looked
   * for without a timeout, so a first one counts from now.
   */
  changeTimeouts(now: number): void {
    const { heartbeatTimeoutMs, progressTimeoutMs } = this.#activity.options;
    this.#monitor.changeTimeout(heartbeatTimeoutMs, now);
    if (progressTimeoutMs === 0) this.#progress = undefined;
    else this.#progress ??= new HeartbeatMonitor(progressTimeoutMs, now);
    this.#progress?.changeTimeout(progressTimeoutMs, now);
  }

  get #startedWhenScheduled(): boolean {
    return this.number === 1 && this.startedAt === this.dispatchedAt;
  }

  get #startToCloseAt(): number {
    const timeoutMs = this.#activity.options.startToCloseTimeoutMs;
    return timeoutMs > 0 ? this.startedAt + timeoutMs : Infinity;
  }
}

/** The details that an attempt heartbeats: whether they are news, and when they are reported. */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import type { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import { ReportThrottle, throttleIntervalMs } from '../../heartbeat/throttle.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Checkpoint } from './checkpoint.js';

/** An attempt that heartbeats details. */
export interface ReportingAttempt {
  readonly number: number;
  readonly ended: boolean;
  /** Undefined without a timeout for progress. */
  readonly progress: HeartbeatMonitor | undefined;
  readonly owner: {
    readonly options: ResolvedOptions;
    readonly checkpoint: Checkpoint;
    /** The attempt has an earlier deadline than before. */
    rearm(now: number): void;
  };
}

/** Made with the first details of an attempt. */
export class Reports {
  /** The details have changed. Counted whether or not an option asks: one may do so later. */
  progressed = false;
  readonly #attempt: ReportingAttempt;
  readonly #throttle: ReportThrottle;

  constructor(attempt: ReportingAttempt) {
    const { throttleIntervalMs: given, heartbeatTimeoutMs } = attempt.owner.options;
    this.#attempt = attempt;
    this.#throttle = new ReportThrottle(throttleIntervalMs(given, heartbeatTimeoutMs));
  }

  /** When details that are held back are due; Infinity if there are none. */
  get dueAt(): number {
    return this.#throttle.dueAt;
  }

  /** The attempt ends: true if details were held back, which only success may drop. */
  end(): boolean {
    return this.#throttle.release();
  }

  /** Reports details that were held back, if their time has come. */
  reportDue(now: number): void {
    if (this.#throttle.dueAt > now) return;
    this.#throttle.admit(now);
    this.#report();
  }

  /**
   * Keeps the details of a heartbeat. They are reported at once, or when the throttle allows it.
   *
   * @throws HeartbeatDetailsError; then the earlier details stay
   */
  keep(details: Snapshot, atOnce: boolean, now: number): void {
    const { number, owner } = this.#attempt;
    const snapshot = owner.checkpoint.snapshot(details, number);
    if (this.#attempt.ended) return; // by a getter in the details
    const { progress } = this.#attempt;
    const asked = progress !== undefined || !this.progressed;
    if (owner.checkpoint.keep(snapshot, asked)) {
      this.progressed = true;
      progress?.beat(now);
    }
    const held = this.#throttle.dueAt !== Infinity;
    if (this.#throttle.admit(now)) this.#report();
    else if (atOnce) {
      this.#throttle.release();
      this.#report();
    } else if (!held) owner.rearm(now);
  }

  /** Writing calls the user's serializer and store, which may end the attempt. */
  #report(): void {
    const { checkpoint } = this.#attempt.owner;
    const { details } = checkpoint;
    checkpoint.write();
    if (!this.#attempt.ended) checkpoint.tell(details, this.#attempt);
  }
}

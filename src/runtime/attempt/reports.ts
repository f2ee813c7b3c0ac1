/** Handles the heartbeat details of an attempt: are they new, and when are they reported? */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import type { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import { ReportThrottle, throttleIntervalMs } from '../../heartbeat/throttle.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Checkpoint } from './checkpoint.js';

/** An attempt that heartbeats details. */
interface ReportingAttempt {
  readonly number: number;
  readonly ended: boolean;
  /** Watches for progress; undefined without a `progressTimeout`. */
  readonly progress: HeartbeatMonitor | undefined;
  readonly owner: {
    readonly options: ResolvedOptions;
    readonly checkpoint: Checkpoint;
    /** Called when the attempt has an earlier deadline than before. */
    rearm(now: number): void;
  };
}

/** The reports of one attempt. Made with its first details. */
export class Reports {
  /** Whether the details have changed. Recorded always, because an option may need it later. */
  progressed = false;
  readonly #attempt: ReportingAttempt;
  readonly #throttle: ReportThrottle;

  constructor(attempt: ReportingAttempt) {
    const { heartbeatThrottleIntervalMs: given, heartbeatTimeoutMs } = attempt.owner.options;
    this.#attempt = attempt;
    this.#throttle = new ReportThrottle(throttleIntervalMs(given, heartbeatTimeoutMs));
  }

  /** When the details that are held back should be reported; Infinity if there are none. */
  get dueAt(): number {
    return this.#throttle.dueAt;
  }

  /** Called at the end of the attempt. Returns true if details were held back. */
  end(): boolean {
    return this.#throttle.release();
  }

  /** Reports the details that were held back, if their time has come. */
  reportDue(now: number): void {
    if (this.#throttle.dueAt > now) return;
    this.#throttle.admit(now);
    this.#report();
  }

  /**
   * Keeps the details of a heartbeat. They are reported at once, or when the throttle allows it.
   *
   * @throws HeartbeatDetailsError for details that cannot be copied; the earlier details stay
   */
  keep(details: Snapshot, atOnce: boolean, now: number): void {
    const { number, owner } = this.#attempt;
    const snapshot = owner.checkpoint.snapshot(details, number);
    if (this.#attempt.ended) return; // a getter in the details has ended it
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

  /** Stores the details and emits them. The user's serializer or store may end the attempt. */
  #report(): void {
    const { checkpoint } = this.#attempt.owner;
    const { details } = checkpoint;
    checkpoint.write();
    if (!this.#attempt.ended) checkpoint.tell(details, this.#attempt);
  }
}

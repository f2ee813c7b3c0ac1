/** The heartbeats of an attempt: which details are kept, and when they are reported. */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { ReportThrottle, throttleIntervalMs } from '../../heartbeat/throttle.js';
import type { Checkpoint } from './checkpoint.js';
import type { TimedActivity } from './timing.js';
import { AttemptTiming } from './timing.js';

/** An activity, as far as heartbeats need it. */
export interface HeartbeatingActivity extends TimedActivity {
  readonly checkpoint: Checkpoint;
  /** The attempt has an earlier deadline than before. */
  rearm(now: number): void;
}

export abstract class AttemptHeartbeats extends AttemptTiming {
  readonly #activity: HeartbeatingActivity;
  /** After its end nothing that the function does counts. */
  ended = false;
  /** Heartbeat details have changed. Counted whether or not an option asks: one may do so later. */
  progressed = false;
  #throttle: ReportThrottle | undefined;

  constructor(
    activity: HeartbeatingActivity,
    number: number,
    dispatchedAt: number,
    startedAt: number,
  ) {
    super(activity, number, dispatchedAt, startedAt);
    this.#activity = activity;
  }

  /** The attempt ends: true if details were held back, which only success may drop. */
  protected endHeartbeats(): boolean {
    this.ended = true;
    return this.#throttle?.release() ?? false;
  }

  /** What comes first: a timeout, or a report. `expiresAt` is the scheduleToClose deadline. */
  nextDue(expiresAt: number): number {
    return Math.min(this.firstTimeoutAt(expiresAt), this.#throttle?.dueAt ?? Infinity);
  }

  /** Reports details that were held back, if their time has come. */
  reportDue(now: number): void {
    const throttle = this.#throttle;
    if (throttle === undefined || throttle.dueAt > now) return;
    throttle.admit(now);
    this.#report();
  }

  /**
   * Keeps the details of a heartbeat. They are reported at once, or when the throttle allows it.
   *
   * @throws HeartbeatDetailsError; then the earlier details stay
   */
  protected keepDetails(details: Snapshot, atOnce: boolean, now: number): void {
    const { checkpoint } = this.#activity;
    const snapshot = checkpoint.snapshot(details, this.number);
    if (this.ended) return; // by a getter in the details
    const asked = this.watchesProgress || !this.progressed;
    if (checkpoint.keep(snapshot, asked)) {
      this.progressed = true;
      this.gotOn(now);
    }
    const { throttleIntervalMs: given, heartbeatTimeoutMs } = this.#activity.options;
    const throttle = (this.#throttle ??= new ReportThrottle(
      throttleIntervalMs(given, heartbeatTimeoutMs),
    ));
    const held = throttle.dueAt !== Infinity;
    if (throttle.admit(now)) this.#report();
    else if (atOnce) {
      throttle.release();
      this.#report();
    } else if (!held) this.#activity.rearm(now);
  }

  /** Writing calls the user's serializer and store, which may end the attempt. */
  #report(): void {
    const { checkpoint } = this.#activity;
    const { details } = checkpoint;
    checkpoint.write();
    if (!this.ended) checkpoint.tell(details, this);
  }
}

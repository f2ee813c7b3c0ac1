/** What is logged of attempts that did not go well. */
import { ApplicationFailure } from '../failures.js';
import { log, type Announced } from './announce.js';

/** One zombie is an accident; from the third on the activity ignores its signal. */
const ABANDONED_TO_WARN_OF = 3;

export class AttemptWarnings {
  readonly #activity: Announced;
  #abandoned = 0;
  #toldOfEndlessness: boolean;

  constructor(activity: Announced) {
    this.#activity = activity;
    const { retryPolicy, scheduleToCloseTimeoutMs } = activity.options;
    const ends = retryPolicy.maximumAttempts !== Infinity || scheduleToCloseTimeoutMs > 0;
    this.#toldOfEndlessness = ends;
  }

  /** An attempt failed and will be tried again. */
  retry(failure: Error, delayMs: number, attempt: number): void {
    const { activityType } = this.#activity.options;
    let message =
      `Activity ${activityType} failed at attempt ${attempt}; ` +
      `next attempt in ${Math.round(delayMs)} ms`;
    const benign = failure instanceof ApplicationFailure && failure.category === 'BENIGN';
    if (!benign && !this.#toldOfEndlessness) {
      this.#toldOfEndlessness = true;
      message +=
        '. It will be retried for ever: neither retryPolicy.maximumAttempts nor ' +
        'scheduleToCloseTimeout is set';
    }
    const level = benign ? 'debug' : 'warn';
    log(this.#activity, level, attempt, message, { delayMs, error: failure });
  }

  /** An attempt has ended and its function goes on. */
  abandoned(attempt: number): void {
    this.#abandoned++;
    if (this.#abandoned < ABANDONED_TO_WARN_OF) return;
    const message =
      `Abandoned attempt number ${this.#abandoned} of this activity: its function goes on after a ` +
      'timeout; it should watch ctx.signal';
    log(this.#activity, 'warn', attempt, message);
  }
}

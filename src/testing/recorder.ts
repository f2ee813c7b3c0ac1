/** What has happened in an environment, for assertions and for `timeline`. */
import {
  EVENT_NAMES,
  type ActivityEventName,
  type ActivityEvents,
  type Events,
} from '../kernel/events.js';
import { CancelledFailure, TimeoutFailure } from '../kernel/failures.js';
import { activityOf } from './activity-of.js';
import type { VirtualClock } from './virtual-clock.js';

/** How an attempt has ended. */
export type AttemptOutcome =
  'RUNNING' | 'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED' | 'PAUSED' | 'RESET';

/** A call of `ctx.heartbeat`. */
export interface HeartbeatRecord {
  /** Virtual milliseconds since the environment was made. */
  readonly at: number;
  /** A copy; undefined for a heartbeat without details. */
  readonly details: unknown;
}

/** An attempt, as far as it has come. */
export interface AttemptRecord {
  readonly activityId: string;
  readonly activityType: string;
  readonly attempt: number;
  /** What it found of earlier attempts. */
  readonly heartbeatDetails: unknown;
  readonly heartbeats: readonly HeartbeatRecord[];
  readonly outcome: AttemptOutcome;
  /** Why it ended; only if it did not complete. */
  readonly error?: unknown;
  /** Virtual milliseconds since the environment was made. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** How long after its end the next attempt was due; only if there was to be one. */
  readonly retryDelayMs?: number;
}

/** An event of the runtime, with its name. */
export type RecordedEvent = {
  [Name in ActivityEventName]: { readonly name: Name } & ActivityEvents[Name];
}[ActivityEventName];

type Open<T> = { -readonly [Key in keyof T]: T[Key] };

/** A record that still grows. */
export type Attempting = Open<AttemptRecord> & { heartbeats: HeartbeatRecord[] };

export class Recorder {
  readonly events: RecordedEvent[] = [];
  readonly attempts: Attempting[] = [];
  /** All heartbeats of all attempts. */
  readonly beats: HeartbeatRecord[] = [];
  readonly #clock: VirtualClock;

  constructor(events: Events, clock: VirtualClock) {
    this.#clock = clock;
    for (const name of EVENT_NAMES) {
      const record = (event: ActivityEvents[typeof name]): void => {
        this.events.push({ name, ...event } as RecordedEvent);
      };
      events.watch(name, record);
    }
    events.watch('attemptFailed', (event) => this.#attemptFailed(event));
    events.watch('completed', (event) => this.#ended(event, 'COMPLETED'));
    events.watch('failed', (event) => this.#ended(event, event.status, event.failure));
  }

  /** Called when a function is. */
  begin(
    activity: object,
    record: Omit<AttemptRecord, 'heartbeats' | 'outcome' | 'startedAt'>,
  ): Attempting {
    const attempting: Attempting = {
      ...record,
      heartbeats: [],
      outcome: 'RUNNING',
      startedAt: this.#clock.now(),
    };
    this.attempts.push(attempting);
    activityOf.set(attempting, activity);
    return attempting;
  }

  #attemptFailed(event: ActivityEvents['attemptFailed']): void {
    const { failure, nextAttempt } = event;
    const record = this.#ended(event, outcomeOf(failure), failure);
    if (record !== undefined && nextAttempt !== undefined) {
      record.retryDelayMs = nextAttempt.delayMs;
    }
  }

  #ended(
    { activityId, attempt }: { readonly activityId: string; readonly attempt: number },
    outcome: AttemptOutcome,
    error?: unknown,
  ): Attempting | undefined {
    const record = this.attempts.findLast(
      (one) =>
        one.activityId === activityId && one.attempt === attempt && one.outcome === 'RUNNING',
    );
    if (record === undefined) return undefined;
    record.outcome = outcome;
    record.endedAt = this.#clock.now();
    if (outcome !== 'COMPLETED') record.error = error;
    return record;
  }
}

function outcomeOf(failure: Error): AttemptOutcome {
  if (failure instanceof TimeoutFailure) return 'TIMED_OUT';
  if (!(failure instanceof CancelledFailure)) return 'FAILED';
  if (failure.message === 'PAUSED' || failure.message === 'RESET') return failure.message;
  return 'CANCELED';
}

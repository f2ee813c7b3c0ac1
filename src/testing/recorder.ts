/** Records what happens in an environment, for assertions and for timelines. */
import { failedOutcome } from '../runtime/shared/attempt-outcome.js';
import { EVENT_NAMES, type ActivityEventName, type ActivityEvents } from '../kernel/events.js';
import type { Engine } from '../runtime/engine.js';
import { brief, follow } from '../timeline/notes.js';
import { Recording } from '../timeline/recording.js';
import type { VirtualClock } from './virtual-clock.js';

/**
 * How an attempt in a test environment ended.
 *
 * - `'RUNNING'`: The attempt has not ended yet.
 * - `'COMPLETED'`: The function returned a result.
 * - `'FAILED'`: The function threw an error.
 * - `'TIMED_OUT'`: The attempt timed out.
 * - `'CANCELED'`: The activity was cancelled or the runtime was shutting down.
 * - `'TERMINATED'`: The activity was terminated.
 * - `'PAUSED'`: The attempt stopped because of a pause.
 * - `'RESET'`: The attempt ended because of a reset.
 */
export type AttemptOutcome =
  'RUNNING' | 'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED' | 'PAUSED' | 'RESET';

/** One call of `ctx.heartbeat` in a test environment. */
export interface HeartbeatRecord {
  /** When the heartbeat was made, in virtual milliseconds since the environment was made. */
  readonly at: number;
  /** A copy of the details; `undefined` for a heartbeat without details. */
  readonly details: unknown;
}

/** One attempt in a test environment, as it stands now. */
export interface AttemptRecord {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The details that it found in `ctx.heartbeatDetails`; `undefined` if there were none. */
  readonly heartbeatDetails: unknown;
  /** The heartbeats of the attempt so far, in order. */
  readonly heartbeats: readonly HeartbeatRecord[];
  /** How the attempt ended, or `'RUNNING'`. */
  readonly outcome: AttemptOutcome;
  /** Why the attempt ended; absent if it completed or still runs. */
  readonly error?: unknown;
  /** When the attempt began, in virtual milliseconds since the environment was made. */
  readonly startedAt: number;
  /**
   * When the attempt ended, in virtual milliseconds since the environment was made; absent while it
   * runs.
   */
  readonly endedAt?: number;
  /**
   * The delay between its end and the next attempt, in milliseconds; absent if no attempt follows.
   */
  readonly retryDelayMs?: number;
}

/** An event of the runtime together with its name. */
export type RecordedEvent = {
  [Name in ActivityEventName]: {
    /** The name of the event. */
    readonly name: Name;
  } & ActivityEvents[Name];
}[ActivityEventName];

type Open<T> = { -readonly [Key in keyof T]: T[Key] };

/** A record that is still being written. */
export type Attempting = Open<AttemptRecord> & { heartbeats: HeartbeatRecord[] };

export class Recorder {
  readonly events: RecordedEvent[] = [];
  readonly attempts: Attempting[] = [];
  /** All heartbeats of all attempts, in order. */
  readonly beats: HeartbeatRecord[] = [];
  /** What `systole/timeline` draws. It has every heartbeat, not only those that are reported. */
  readonly recording: Recording;
  readonly #engine: Engine;
  readonly #clock: VirtualClock;

  constructor(engine: Engine, clock: VirtualClock) {
    const { events } = engine;
    this.#engine = engine;
    this.#clock = clock;
    this.recording = new Recording(clock.wallNow(), Infinity);
    const runtime: Parameters<typeof follow>[0] = {
      on: (name, listener) => events.watch(name, listener),
      stats: () => engine.stats(),
    };
    follow(runtime, this.recording, OF_THE_RUNTIME, true);
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

  /** Adds the record of an attempt whose function is about to be called. */
  begin(record: Omit<AttemptRecord, 'heartbeats' | 'outcome' | 'startedAt'>): Attempting {
    const attempting: Attempting = {
      ...record,
      heartbeats: [],
      outcome: 'RUNNING',
      startedAt: this.#clock.now(),
    };
    this.attempts.push(attempting);
    this.#note('started', attempting, attempting.heartbeatDetails);
    return attempting;
  }

  /** Adds a heartbeat to the record of its attempt. */
  beat(attempting: Attempting, beat: HeartbeatRecord): void {
    this.beats.push(beat);
    attempting.heartbeats.push(beat);
    this.#note('heartbeat', attempting, beat.details);
  }

  #note(event: 'started' | 'heartbeat', of: AttemptRecord, given: unknown): void {
    const { activityId, activityType, attempt } = of;
    const at = this.#clock.wallNow();
    const details = given === undefined ? '' : brief(given);
    const { running, waiting } = this.#engine.stats();
    const counts = event === 'started' ? { running, waiting } : {};
    this.recording.note({ at, event, activityId, activityType, attempt, details, ...counts });
  }

  #attemptFailed(event: ActivityEvents['attemptFailed']): void {
    const { failure, nextAttempt } = event;
    const record = this.#ended(event, failedOutcome(failure), failure);
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

/** The events that the recording takes from the runtime; the environment knows more of the others. */
const OF_THE_RUNTIME = EVENT_NAMES.filter((name) => name !== 'started' && name !== 'heartbeat');

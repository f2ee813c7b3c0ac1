/** Records what happens in a runtime. */
import { badOption, checkNames } from '../kernel/bad-input.js';
import { realTimer, SystemClock } from '../kernel/clock.js';
import type { ActivityEventName, ActivityEvents } from '../kernel/events.js';
import { CancelledFailure, TimeoutFailure } from '../kernel/failures.js';
import { refusable } from '../kernel/stack.js';
import { said } from '../kernel/thrown.js';
import { shortened } from '../kernel/text.js';
import type { ActivityRuntime } from '../runtime/runtime.js';
import { LONGEST_TEXT, type TimelineEvent } from './events.js';
import { briefly } from './shown.js';

/** The options of `record`. */
export interface RecordOptions {
  /** The maximum number of events to keep. Older ones are dropped. Default 10,000. */
  readonly limit?: number | undefined;
  /** Whether heartbeat details are kept, as short text. Default true. */
  readonly details?: boolean | undefined;
}

/** What a recording needs of a runtime. */
export type Recordable = Pick<ActivityRuntime, 'on' | 'list' | 'stats'>;

type Writable = { -readonly [Field in keyof TimelineEvent]: TimelineEvent[Field] };

const DEFAULT_LIMIT = 10_000;

/** The events of a runtime, kept as plain JSON. */
export class Recording {
  readonly #startedAt: number;
  readonly #limit: number;
  #events: TimelineEvent[] = [];
  /** Where the oldest event is, once there are as many as the limit allows. */
  #oldest = 0;
  #dropped = 0;
  #end: (() => void) | undefined;

  /** @internal */
  constructor(startedAt: number, limit: number) {
    this.#startedAt = startedAt;
    this.#limit = limit;
  }

  /** @internal Adds an event. The oldest is dropped if there are too many. */
  note(event: TimelineEvent): void {
    if (this.#events.length < this.#limit) {
      this.#events.push(event);
      return;
    }
    this.#events[this.#oldest] = event;
    this.#oldest = (this.#oldest + 1) % this.#limit;
    this.#dropped++;
  }

  /** @internal Says how to stop listening. */
  onStop(end: () => void): void {
    this.#end = end;
  }

  /** Returns the events so far, in order, after a first one that says when the recording began. */
  toJSON(): TimelineEvent[] {
    const dropped = this.#dropped;
    const head: TimelineEvent = { at: this.#startedAt, event: 'recording' };
    return [
      dropped === 0 ? head : { ...head, dropped },
      ...this.#events.slice(this.#oldest),
      ...this.#events.slice(0, this.#oldest),
    ];
  }

  /** Returns the events as text, one line of JSON each. Write it to a file to keep the recording. */
  toLines(): string {
    return this.toJSON()
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
  }

  /** Stops recording. What was recorded stays. */
  stop(): void {
    this.#end?.();
    this.#end = undefined;
  }
}

/**
 * Records what happens in a runtime from now on: activities, waits, attempts, heartbeats, endings,
 * blocks of the event loop and the number of running activities. Activities that are open already
 * are included. Arguments and results are never recorded.
 *
 * @example
 * const recording = record(runtime);
 * await writeFile('run.jsonl', recording.toLines()); // then: npx systole timeline run.jsonl
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function record(runtime: Recordable, options: RecordOptions = {}): Recording {
  const { limit = DEFAULT_LIMIT, details = true } = options;
  refusable(record, () => checkOptions(runtime, options));
  const clock = new SystemClock();
  const recording = new Recording(clock.wallNow(), limit);
  noteOpen(runtime, recording, details);
  const unfollow = follow(runtime, recording, NAMES, details);
  const unwatch = watchLoop(runtime, recording, clock);
  recording.onStop(() => {
    unfollow();
    unwatch();
  });
  return recording;
}

const OPTIONS = {
  of: 'record',
  example: '{ limit: 10_000 }',
  known: new Set(['limit', 'details']),
};

function checkOptions(runtime: unknown, options: RecordOptions): void {
  const { on, list, stats } = (runtime ?? {}) as Partial<Recordable>;
  if ([on, list, stats].some((method) => typeof method !== 'function')) {
    throw badOption('record', runtime, 'an ActivityRuntime');
  }
  checkNames(options, OPTIONS);
  const { limit = DEFAULT_LIMIT, details = true } = options;
  if (!Number.isInteger(limit) || limit < 1) {
    throw badOption('limit', limit, 'a whole number above 0');
  }
  if (typeof details !== 'boolean') throw badOption('details', details, 'true or false');
}

type FieldsOf<Name extends ActivityEventName> = (
  event: ActivityEvents[Name],
  details: boolean,
) => Partial<TimelineEvent> | undefined;

/** What the events of each name add to a recording. */
const FIELDS: { readonly [Name in ActivityEventName]: FieldsOf<Name> } = {
  scheduled: ({ startDelayMs }) =>
    startDelayMs === undefined ? undefined : { delayMs: startDelayMs },
  started: () => undefined,
  heartbeat: (event, details) => (details ? { details: brief(event.details) } : undefined),
  attemptFailed: ({ failure, nextAttempt }) => ({
    outcome: outcomeOf(failure),
    ...why(failure),
    ...(nextAttempt && { delayMs: nextAttempt.delayMs }),
  }),
  attemptAbandoned: () => undefined,
  attemptSettled: () => undefined,
  paused: () => undefined,
  unpaused: () => undefined,
  reset: () => undefined,
  completed: () => undefined,
  failed: ({ status, failure }) => ({ outcome: status, ...why(failure) }),
};

const NAMES = /* @__PURE__ */ Object.keys(FIELDS) as readonly ActivityEventName[];

/** Adds events of these names to the recording. Returns a function that stops that. */
export function follow(
  runtime: Pick<Recordable, 'on' | 'stats'>,
  recording: Recording,
  names: readonly ActivityEventName[],
  details: boolean,
): () => void {
  const removers = names.map((name) => {
    const fieldsOf = FIELDS[name] as FieldsOf<ActivityEventName>;
    const note = (event: ActivityEvents[ActivityEventName]): void => {
      const { activityId, activityType, attempt, timestamp } = event;
      const noted: Writable = { at: timestamp, event: name, activityId, activityType, attempt };
      const fields = fieldsOf(event, details);
      if (fields !== undefined) Object.assign(noted, fields);
      if (name !== 'heartbeat') {
        const { running, waiting } = runtime.stats();
        noted.running = running;
        noted.waiting = waiting;
      }
      recording.note(noted);
    };
    return runtime.on(name, note, { passive: true });
  });
  return () => removers.forEach((remove) => remove());
}

/** Details as text that is short enough for a picture and for the memory of a recording. */
export function brief(details: unknown): string {
  return briefly(details, LONGEST_TEXT);
}

function why(failure: Error): Partial<TimelineEvent> {
  const reason = shortened(said(failure), LONGEST_TEXT);
  return failure instanceof TimeoutFailure
    ? { timeoutType: failure.timeoutType, reason }
    : { reason };
}

function outcomeOf(failure: Error): string {
  if (failure instanceof TimeoutFailure) return 'TIMED_OUT';
  if (!(failure instanceof CancelledFailure)) return 'FAILED';
  return failure.message === 'PAUSED' || failure.message === 'RESET' ? failure.message : 'CANCELED';
}

/** Adds the activities that are open before the recording begins, as far as they can be described. */
function noteOpen(runtime: Recordable, recording: Recording, details: boolean): void {
  for (const one of runtime.list()) {
    const { activityId, activityType, attempt, runState, heartbeatDetails } = one;
    const common = { activityId, activityType };
    recording.note({ at: +one.scheduleTime, event: 'scheduled', ...common, attempt: 0 });
    if (one.status === 'PAUSED' && runState === 'PAUSED') {
      recording.note({ at: +one.scheduleTime, event: 'paused', ...common, attempt });
    } else if (runState !== 'SCHEDULED' && one.lastStartedTime !== undefined) {
      recording.note({ at: +one.lastStartedTime, event: 'started', ...common, attempt });
      if (one.lastHeartbeatTime !== undefined && one.lastHeartbeatTime >= one.lastStartedTime) {
        const shown = details ? { details: brief(heartbeatDetails) } : {};
        recording.note({
          at: +one.lastHeartbeatTime,
          event: 'heartbeat',
          ...common,
          attempt,
          ...shown,
        });
      }
    }
  }
}

/** How often the event loop is looked at while something is open. */
const LOOK_EVERY_MS = 50;

/** A timer that is late by more than this was held up by a blocked event loop. */
const BLOCKED_FROM_MS = 25;

/** Notes when the event loop was blocked, while activities are open. */
function watchLoop(runtime: Recordable, recording: Recording, clock: SystemClock): () => void {
  let clear: (() => void) | undefined;
  const look = (): void => {
    if (clear !== undefined || clock.steered) return; // under fake timers, time says nothing
    const due = clock.now() + LOOK_EVERY_MS;
    clear = realTimer(() => {
      clear = undefined;
      const blockedMs = Math.round(clock.now() - due);
      if (blockedMs > BLOCKED_FROM_MS && !clock.steered) {
        recording.note({ at: clock.wallNow(), event: 'blocked', blockedMs });
      }
      if (runtime.stats().running > 0) look();
    }, LOOK_EVERY_MS);
  };
  if (runtime.stats().running > 0) look();
  const remove = runtime.on('started', look, { passive: true });
  return () => {
    remove();
    clear?.();
  };
}

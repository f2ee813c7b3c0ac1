/** Records what happens in a runtime. */
import { badOption, checkNames, hasMethods } from '../kernel/bad-input.js';
import { realTimer, SystemClock } from '../kernel/clock.js';
import { refusable } from '../kernel/stack.js';
import { follow, NAMES, noteOpen, type Recordable } from './notes.js';
import { Recording } from './recording.js';

/** The options of `record`. */
export interface RecordOptions {
  /** The maximum number of events to keep. Older ones are dropped. Default 10,000. */
  readonly limit?: number | undefined;
  /** Whether heartbeat details are kept, as short text. Default true. */
  readonly details?: boolean | undefined;
}

const DEFAULT_LIMIT = 10_000;

/**
 * Records what happens in a runtime from now on: activities, waits, attempts, heartbeats, endings,
 * times when the event loop was blocked, and the number of running activities. It includes activities
 * that are already open. Arguments and results are never recorded.
 *
 * @example
 * const recording = record(runtime);
 * await writeFile('run.jsonl', recording.toLines()); // then: npx systole timeline run.jsonl
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function record(runtime: Recordable, options: RecordOptions = {}): Recording {
  refusable(record, () => checkOptions(runtime, options));
  const { limit = DEFAULT_LIMIT, details = true } = options;
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
  known: ['limit', 'details'],
};

function checkOptions(runtime: unknown, options: RecordOptions): void {
  if (!hasMethods(runtime, 'on', 'list', 'stats')) {
    throw badOption('record', runtime, 'an ActivityRuntime');
  }
  checkNames(options, OPTIONS);
  const { limit = DEFAULT_LIMIT, details = true } = options;
  if (!Number.isInteger(limit) || limit < 1) {
    throw badOption('record limit', limit, 'a whole number above 0');
  }
  if (typeof details !== 'boolean') throw badOption('record details', details, 'true or false');
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

// What is going to happen to each activity of the day, and so how it has to end. The plan is drawn
// from a seed: the same seed, the same day.

const second = 1_000;
const minute = 60 * second;
export const dayMs = 24 * 60 * minute;

/**
 * The kinds of life, and how often they are drawn. `ending` is [status, retryState], which the
 * package has to arrive at by itself; `attempts` is how often the function has to be called.
 */
const kinds = [
  {
    kind: 'succeeds',
    weight: 55,
    draw: () => ({ ending: ['COMPLETED'], attempts: 1 }),
  },
  {
    kind: 'fails, then succeeds',
    weight: 14,
    draw: (random) => {
      const failures = 1 + Math.floor(random() * 3);
      return { failures, maximumAttempts: 5, ending: ['COMPLETED'], attempts: failures + 1 };
    },
  },
  {
    kind: 'fails each time',
    weight: 6,
    draw: (random) => {
      const maximumAttempts = 1 + Math.floor(random() * 4);
      const ending = ['FAILED', 'MAXIMUM_ATTEMPTS_REACHED'];
      return { failures: Infinity, maximumAttempts, ending, attempts: maximumAttempts };
    },
  },
  {
    kind: 'fails for good',
    weight: 3,
    draw: () => ({ nonRetryable: true, ending: ['FAILED', 'NON_RETRYABLE_FAILURE'], attempts: 1 }),
  },
  {
    kind: 'hangs, then resumes',
    weight: 8,
    draw: () => ({ hangs: 1, maximumAttempts: 3, ending: ['COMPLETED'], attempts: 2 }),
  },
  {
    kind: 'hangs each time',
    weight: 3,
    draw: () => {
      const ending = ['TIMED_OUT', 'MAXIMUM_ATTEMPTS_REACHED'];
      return { hangs: Infinity, maximumAttempts: 2, ending, attempts: 2 };
    },
  },
  {
    kind: 'is too slow altogether',
    weight: 2,
    draw: () => {
      const scheduleToCloseTimeout = 2 * minute;
      return {
        steps: 1_000,
        scheduleToCloseTimeout,
        ending: ['TIMED_OUT', 'TIMEOUT'],
        attempts: 1,
      };
    },
  },
  {
    kind: 'is cancelled while it runs',
    weight: 4,
    draw: () => ({ steps: 1_000, cancelAfterMs: minute, ending: cancelled, attempts: 1 }),
  },
  {
    kind: 'is cancelled while it waits to be retried',
    weight: 2,
    draw: () => ({
      failures: Infinity,
      failsAtOnce: true,
      initialInterval: 10 * minute,
      cancelAfterMs: minute,
      ending: cancelled,
      attempts: 1,
    }),
  },
  {
    kind: 'is cancelled, and succeeds all the same',
    weight: 2,
    draw: () => ({
      deaf: true,
      cancelAfterMs: 1.5 * second,
      ending: ['COMPLETED'],
      attempts: 1,
    }),
  },
  {
    kind: 'is terminated',
    weight: 1,
    draw: () => ({ steps: 1_000, terminateAfterMs: minute, ending: ['TERMINATED'], attempts: 1 }),
  },
];
const cancelled = ['CANCELED', 'CANCEL_REQUESTED'];

/** Returns `count` activities in the order of their start. */
export function drawPlan(count, seed) {
  const random = mulberry32(seed);
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const starts = Float64Array.from({ length: count }, () => random() * dayMs).sort();
  return Array.from(starts, (startAt, i) => {
    let left = random() * total;
    const { kind, draw } = kinds.find(({ weight }) => (left -= weight) < 0);
    const life = {
      steps: 3 + Math.floor(random() * 6),
      stepMs: second + Math.floor(random() * 9 * second),
      failures: 0,
      hangs: 0,
      maximumAttempts: 3,
      ...draw(random),
    };
    return { id: `activity-${i}`, kind, startAt, ...life };
  });
}

/** A small seeded random generator, good enough for a plan. */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

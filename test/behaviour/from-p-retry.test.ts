/**
 * What p-retry does, and what becomes of it here. Each case runs with p-retry and, through the mapping
 * of docs/from-p-retry.md, with systole. Where they differ, the page says so, and the test too. The
 * list of behaviours is that of p-retry's own tests.
 */
import pRetry, { AbortError, makeRetriable, type Options } from 'p-retry';
import isNetworkError from 'is-network-error';
import { describe, expect, test, vi } from 'vitest';
import {
  ActivityFailure,
  ApplicationFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';

const FAST = { minTimeout: 0, factor: 1 } as const;

/** The options of systole for options of p-retry, as docs/from-p-retry.md maps them. */
function mapped(options: Options = {}): ActivityOptions {
  const { retries = 10, signal, shouldRetry, onFailedAttempt } = options;
  return {
    ...(signal && { signal, cancellationType: 'WAIT_CANCELLATION_COMPLETED' }),
    retryPolicy: {
      maximumAttempts: retries + 1,
      initialInterval: options.minTimeout || 1,
      backoffCoefficient: options.factor ?? 2,
      maximumInterval: options.maxTimeout ?? Infinity,
      ...(shouldRetry && {
        shouldRetry: (error: Error, { attempt }) => shouldRetry(contextOf(error, attempt, retries)),
      }),
      ...(onFailedAttempt && {
        onFailedAttempt: (error: Error, { attempt }) =>
          onFailedAttempt(contextOf(error, attempt, retries)),
      }),
    },
  };
}

/** What p-retry tells its functions. Without `shouldConsumeRetry`, every attempt consumes a retry. */
const contextOf = (error: Error, attemptNumber: number, retries: number) => ({
  error,
  attemptNumber,
  retriesConsumed: attemptNumber - 1,
  retriesLeft: retries - attemptNumber + 1,
});

type Outcome = { readonly value: unknown } | { readonly error: unknown };

const outcomeOf = (run: Promise<unknown>): Promise<Outcome> =>
  run.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: error instanceof ActivityFailure ? error.cause : error }),
  );

/** Runs a case with both, and returns what each came to. */
async function both(
  work: (attempt: number) => unknown,
  options: () => Options = () => ({}),
): Promise<{ theirs: Outcome; ours: Outcome }> {
  const theirs = await outcomeOf(pRetry(work, { ...FAST, ...options() }));
  const env = new TestActivityEnvironment({ logger: false });
  const ours = await outcomeOf(
    env.run((ctx: ActivityContext) => work(ctx.info.attempt), mapped({ ...FAST, ...options() })),
  );
  return { theirs, ours };
}

const fixture = Symbol('fixture');
const failure = new Error('foo');
const failsUntil = (last: number) => (attempt: number) => {
  if (attempt < last) throw failure;
  return fixture;
};

describe('p-retry and systole', () => {
  test('retry until the function succeeds, and return its value', async () => {
    const { theirs, ours } = await both(failsUntil(3));
    expect(theirs).toEqual({ value: fixture });
    expect(ours).toEqual(theirs);
  });

  test('call the function once if it succeeds', async () => {
    const work = vi.fn(() => fixture);
    await both(work);
    expect(work).toHaveBeenCalledTimes(2); // once with each
  });

  test.each([0, 1, 4])('give up after %s retries, with the last error', async (retries) => {
    const work = vi.fn(() => Promise.reject(failure));
    const { theirs, ours } = await both(work, () => ({ retries }));
    expect(theirs).toEqual({ error: failure });
    expect(ours).toEqual(theirs);
    expect(work).toHaveBeenCalledTimes(2 * (retries + 1));
  });

  test('tell onFailedAttempt of each failed attempt, with the same numbers', async () => {
    const calls: unknown[][] = [];
    const options = () => {
      const mine: unknown[] = [];
      calls.push(mine);
      return { retries: 3, onFailedAttempt: (context: object) => void mine.push({ ...context }) };
    };
    await both(() => Promise.reject(failure), options);
    const [theirs, ours] = [calls[0], calls.at(-1)];
    expect(theirs).toHaveLength(4);
    expect(ours).toEqual(theirs);
  });

  test('wait for onFailedAttempt before the next attempt', async () => {
    const order: string[] = [];
    const options = () => ({
      onFailedAttempt: async () => {
        await Promise.resolve();
        order.push('waited');
      },
    });
    await both((attempt) => {
      order.push(`attempt ${attempt}`);
      return failsUntil(2)(attempt);
    }, options);
    const once = ['attempt 1', 'waited', 'attempt 2'];
    expect(order).toEqual([...once, ...once]);
  });

  test.each([
    [
      'throws',
      (error: Error) => {
        throw error;
      },
    ],
    ['rejects', (error: Error) => Promise.reject(error)],
  ])('end with the error of an onFailedAttempt that %s', async (_, give) => {
    const own = new Error('thrown from onFailedAttempt');
    const { theirs, ours } = await both(failsUntil(9), () => ({
      onFailedAttempt: () => give(own),
    }));
    expect(theirs).toEqual({ error: own });
    expect(ours).toEqual(theirs);
  });

  test('stop when shouldRetry says no, also as a promise', async () => {
    for (const no of [false, Promise.resolve(false)]) {
      const work = vi.fn(() => Promise.reject(failure));
      const shouldRetry = ({ attemptNumber }: { attemptNumber: number }) =>
        attemptNumber < 3 ? true : no;
      const { theirs, ours } = await both(work, () => ({ shouldRetry }));
      expect(ours).toEqual(theirs);
      expect(work).toHaveBeenCalledTimes(6);
    }
  });

  test('do not ask shouldRetry after the last attempt', async () => {
    const shouldRetry = vi.fn(() => true);
    await both(
      () => Promise.reject(failure),
      () => ({ retries: 2, shouldRetry }),
    );
    expect(shouldRetry).toHaveBeenCalledTimes(4);
  });

  test('call onFailedAttempt before shouldRetry', async () => {
    const order: string[] = [];
    await both(failsUntil(2), () => ({
      onFailedAttempt: () => void order.push('onFailedAttempt'),
      shouldRetry: () => order.push('shouldRetry') > 0,
    }));
    expect(order).toEqual(['onFailedAttempt', 'shouldRetry', 'onFailedAttempt', 'shouldRetry']);
  });

  test('give up on a TypeError that is not of the network, with the same shouldRetry', async () => {
    const shouldRetry = ({ error }: { error: Error }) =>
      !(error instanceof TypeError) || isNetworkError(error);
    for (const [message, calls] of [
      ['fetch failed', 3],
      ['x is not a function', 1],
    ] as const) {
      const work = vi.fn(() => Promise.reject(new TypeError(message)));
      const { theirs, ours } = await both(work, () => ({ retries: 2, shouldRetry }));
      expect(ours).toEqual(theirs);
      expect(work).toHaveBeenCalledTimes(2 * calls);
    }
  });

  test('start nothing if the signal has aborted', async () => {
    const work = vi.fn();
    const signal = AbortSignal.abort(failure);
    const { theirs, ours } = await both(work, () => ({ signal }));
    expect(work).not.toHaveBeenCalled();
    expect(theirs).toEqual({ error: failure });
    expect(ours).toMatchObject({ error: { name: 'CancelledFailure', cause: failure } });
  });

  test('start no other attempt after an abort', async () => {
    const calls: number[] = [];
    let controller!: AbortController;
    const options = () => ({ signal: (controller = new AbortController()).signal });
    await both(
      (attempt) => {
        calls.push(attempt);
        if (attempt === 2) controller.abort();
        throw failure;
      },
      () => options(),
    );
    expect(calls).toEqual([1, 2, 1, 2]);
  });

  test('make a function retriable, with its arguments and its this', async () => {
    const object = {
      base: 10,
      calls: 0,
      add(a: number, b: number) {
        if (this.calls++ % 2 === 0) throw failure;
        return this.base + a + b;
      },
    };
    const add = (a: number, b: number): number => object.add(a, b);
    expect(await makeRetriable(add, FAST)(1, 2)).toBe(13);
    const env = new TestActivityEnvironment();
    const activities = {
      ...object,
      add(_: ActivityContext, a: number, b: number) {
        return object.add.call(this, a, b);
      },
    };
    expect(await env.proxy(activities, mapped(FAST)).add(1, 2)).toBe(13);
  });

  test('retry without a limit, if asked', async () => {
    const { theirs, ours } = await both(failsUntil(30), () => ({ retries: Infinity }));
    expect(theirs).toEqual({ value: fixture });
    expect(ours).toEqual(theirs);
  });

  test('take a synchronous function, and null or undefined as its result', async () => {
    for (const result of [null, undefined, 0]) {
      const work = vi.fn(() => result);
      const { theirs, ours } = await both(work);
      expect(theirs).toEqual({ value: result });
      expect(ours).toEqual(theirs);
      expect(work).toHaveBeenCalledTimes(2);
    }
  });

  test('take undefined for every option', async () => {
    const none = { onFailedAttempt: undefined, shouldRetry: undefined, signal: undefined };
    const { theirs, ours } = await both(failsUntil(2), () => none as object);
    expect(theirs).toEqual({ value: fixture });
    expect(ours).toEqual(theirs);
  });

  test('call onFailedAttempt even if shouldRetry says no, and with no retries', async () => {
    for (const options of [{ shouldRetry: () => false }, { retries: 0 }]) {
      const onFailedAttempt = vi.fn();
      const { theirs, ours } = await both(
        () => Promise.reject(failure),
        () => ({ ...options, onFailedAttempt }),
      );
      expect(theirs).toEqual({ error: failure });
      expect(ours).toEqual(theirs);
      expect(onFailedAttempt).toHaveBeenCalledTimes(2);
    }
  });

  test('give their functions a context that nobody can change', async () => {
    const seen: boolean[] = [];
    const frozen = (context: object): void => void seen.push(Object.isFrozen(context));
    await pRetry(failsUntil(2), { ...FAST, onFailedAttempt: frozen });
    const retryPolicy = { onFailedAttempt: (_: Error, info: object) => frozen(info) };
    await new TestActivityEnvironment({ logger: false }).run(
      ({ info }) => failsUntil(2)(info.attempt),
      { retryPolicy },
    );
    expect(seen).toEqual([true, true]);
  });

  test('say that no number of retries is left to count without a limit', async () => {
    const left: unknown[] = [];
    await both(failsUntil(2), () => ({
      retries: Infinity,
      onFailedAttempt: ({ retriesLeft }) => void left.push(retriesLeft),
    }));
    expect(left).toEqual([Infinity, Infinity]);
  });

  test('keep the stack of the error as the function threw it', async () => {
    const { theirs, ours } = await both(
      function importRows() {
        throw new Error('row 7');
      },
      () => ({ retries: 1 }),
    );
    for (const outcome of [theirs, ours]) {
      const { error } = outcome as { error: Error };
      expect(error.stack).toMatch(/^Error: row 7\n +at importRows /);
    }
  });

  test('end the delay when the signal aborts, with its reason', async () => {
    const reason = new Error('leaving');
    const delayed = { minTimeout: 60_000, factor: 1 };
    const controller = new AbortController();
    const onFailedAttempt = (): void => controller.abort(reason);
    const options = { ...delayed, signal: controller.signal, onFailedAttempt };
    expect(await outcomeOf(pRetry(failsUntil(2), options))).toEqual({ error: reason });

    const later = new AbortController();
    const env = new TestActivityEnvironment({ logger: false });
    const handle = env.start(
      ({ info }) => failsUntil(2)(info.attempt),
      mapped({ ...delayed, signal: later.signal }),
    );
    await env.advance('30s');
    later.abort(reason);
    const ours = await outcomeOf(handle.result());
    expect(ours).toMatchObject({ error: { name: 'CancelledFailure', cause: reason } });
    expect(env.attempts).toHaveLength(1);
    expect(env.now()).toBe(30_000);
  });

  test('stop retrying when the time for all attempts is over, with the last error', async () => {
    const options = { minTimeout: 40, factor: 1, retries: 100 };
    const theirs = await outcomeOf(
      pRetry(() => Promise.reject(failure), { ...options, maxRetryTime: 100 }),
    );
    expect(theirs).toEqual({ error: failure });
    const env = new TestActivityEnvironment({ logger: false });
    const ours = env.run(() => Promise.reject(failure), {
      ...mapped(options),
      scheduleToCloseTimeout: 100,
    });
    await expect(ours).rejects.toMatchObject({ retryState: 'TIMEOUT', cause: failure });
    expect(env.attempts).toHaveLength(3);
  });

  test('count the time of onFailedAttempt and shouldRetry in the time for all attempts', async () => {
    for (const hook of ['onFailedAttempt', 'shouldRetry'] as const) {
      const env = new TestActivityEnvironment({ logger: false });
      const slow = async (): Promise<boolean> => {
        await env.advance(60);
        return true;
      };
      const ours = env.run(() => Promise.reject(failure), {
        retryPolicy: { initialInterval: 1, backoffCoefficient: 1, [hook]: slow },
        scheduleToCloseTimeout: 100,
      });
      await expect(ours).rejects.toMatchObject({ retryState: 'TIMEOUT' });
      expect(env.attempts).toHaveLength(2);
    }
  });

  test.each<[Options, ActivityOptions['retryPolicy']]>([
    [{ retries: -1 }, { maximumAttempts: -1 }],
    [{ retries: NaN }, { maximumAttempts: NaN }],
    [{ retries: 'foo' as never }, { maximumAttempts: 'foo' as never }],
    [{ minTimeout: -1 }, { initialInterval: -1 }],
    [{ minTimeout: NaN }, { initialInterval: NaN }],
    [{ maxTimeout: -1 }, { maximumInterval: -1 }],
    [{ factor: -1 }, { backoffCoefficient: -1 }],
    [{ factor: NaN }, { backoffCoefficient: NaN }],
    [{ factor: Infinity }, { backoffCoefficient: Infinity }],
  ])('refuse %o', async (theirs, retryPolicy) => {
    const work = vi.fn(() => fixture);
    await expect(pRetry(work, theirs)).rejects.toThrow();
    const env = new TestActivityEnvironment();
    await expect(env.run(work, { retryPolicy })).rejects.toThrow(/^retryPolicy\.\w+: received /);
    expect(work).not.toHaveBeenCalled();
  });

  test('refuse the option forever', async () => {
    const forever = { forever: true } as object;
    await expect(pRetry(() => 1, forever)).rejects.toThrow('forever');
    const env = new TestActivityEnvironment();
    await expect(env.run(() => 1, { retryPolicy: forever })).rejects.toThrow('forever');
  });

  test('compute the same delays', async () => {
    const env = new TestActivityEnvironment();
    const options = { retries: 5, minTimeout: 100, factor: 3, maxTimeout: 1_000 };
    await env.run(() => Promise.reject(failure), mapped(options)).catch(() => {});
    const theirs = [1, 2, 3, 4, 5].map((n) => Math.min(100 * 3 ** (n - 1), 1_000));
    expect(env.attempts.flatMap(({ retryDelayMs }) => retryDelayMs ?? [])).toEqual(theirs);
  });
});

describe('systole differs from p-retry in that', () => {
  test('a failure that is marked ends the activity, as AbortError does in p-retry', async () => {
    const env = new TestActivityEnvironment();
    const gone = ApplicationFailure.nonRetryable('gone');
    const onFailedAttempt = vi.fn();
    const options = mapped({ onFailedAttempt });
    expect(await outcomeOf(env.run(() => Promise.reject(gone), options))).toEqual({ error: gone });
    expect(env.attempts).toHaveLength(1);
    expect(onFailedAttempt).toHaveBeenCalledTimes(1); // p-retry does not call it for an AbortError
  });

  test('an AbortError of p-retry means nothing, and is retried', async () => {
    for (const aborts of [new AbortError('stop'), new AbortError(failure)]) {
      const shouldRetry = vi.fn(() => true);
      const work = vi.fn(() => Promise.reject(aborts));
      const { theirs, ours } = await both(work, () => ({ retries: 2, shouldRetry }));
      expect(theirs).toEqual({ error: aborts.originalError });
      expect(ours).toEqual({ error: aborts });
      expect(work).toHaveBeenCalledTimes(1 + 3);
      expect(shouldRetry).toHaveBeenCalledTimes(2); // p-retry does not ask
    }
  });

  test('a marked failure is not given to shouldRetry', async () => {
    const shouldRetry = vi.fn(() => true);
    const gone = ApplicationFailure.nonRetryable('gone');
    const env = new TestActivityEnvironment({ logger: false });
    const ours = outcomeOf(env.run(() => Promise.reject(gone), mapped({ shouldRetry })));
    expect(await ours).toEqual({ error: gone });
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  test('a TypeError is retried unless shouldRetry says no', async () => {
    const bug = new TypeError('x is not a function');
    const work = vi.fn(() => Promise.reject(bug));
    await both(work, () => ({ retries: 2 }));
    expect(work).toHaveBeenCalledTimes(1 + 3);
  });

  test('a longest delay below the first one is refused, and does not shorten it', async () => {
    const delays: number[] = [];
    const started = performance.now();
    const late = { minTimeout: 100_000, maxTimeout: 1 };
    await pRetry((attempt) => (delays.push(attempt), failsUntil(2)(attempt)), late);
    expect(performance.now() - started).toBeLessThan(60_000);
    const env = new TestActivityEnvironment();
    await expect(env.run(() => 1, mapped(late))).rejects.toThrow(
      'retryPolicy.maximumInterval: received 1; expected at least initialInterval (100000)',
    );
  });

  test('a factor below 1 is refused, and does not shorten the delays', async () => {
    for (const factor of [0, 0.5]) {
      expect(await pRetry(failsUntil(2), { minTimeout: 0, factor })).toBe(fixture);
      const env = new TestActivityEnvironment();
      await expect(env.run(() => 1, mapped({ factor }))).rejects.toThrow(
        `retryPolicy.backoffCoefficient: received ${factor}; expected a finite number, 1 or more`,
      );
    }
  });

  test('no time for retries is maximumAttempts: 1, because a timeout of 0 means none', async () => {
    const work = vi.fn(() => Promise.reject(failure));
    await outcomeOf(pRetry(work, { ...FAST, maxRetryTime: 0 }));
    expect(work).toHaveBeenCalledTimes(1);
    const env = new TestActivityEnvironment({ logger: false });
    const options = { scheduleToCloseTimeout: 0, retryPolicy: { maximumAttempts: 3 } };
    await outcomeOf(env.run(work, options));
    expect(work).toHaveBeenCalledTimes(1 + 3);
  });

  test('an abort during an attempt rejects at once, and p-retry waits for the attempt', async () => {
    const reason = new Error('leaving');
    const theirs = new AbortController();
    let finished = false;
    const work = async (): Promise<void> => {
      theirs.abort(reason);
      await Promise.resolve();
      finished = true;
      throw failure;
    };
    expect(await outcomeOf(pRetry(work, { ...FAST, signal: theirs.signal }))).toEqual({
      error: reason,
    });
    expect(finished).toBe(true);
    const ours = new AbortController();
    const env = new TestActivityEnvironment({ logger: false });
    const run = env.run(
      () => {
        ours.abort(reason);
        return new Promise<never>(() => {});
      },
      { signal: ours.signal },
    );
    expect(await outcomeOf(run)).toMatchObject({ error: { cause: reason } });
  });

  test('a value that is not an error is retried', async () => {
    const { theirs, ours } = await both((attempt) => {
      if (attempt === 1) throw 'text';
      return fixture;
    });
    expect(theirs).toMatchObject({ error: { name: 'TypeError' } });
    expect(ours).toEqual({ value: fixture });
  });

  test('an error of shouldRetry means no, and the error of the function stays', async () => {
    const bug = new Error('bug');
    const shouldRetry = () => {
      throw bug;
    };
    const { theirs, ours } = await both(failsUntil(9), () => ({ shouldRetry }));
    expect(theirs).toEqual({ error: bug });
    expect(ours).toEqual({ error: failure });
  });
});

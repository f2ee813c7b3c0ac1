/** The input of a call, how the function is called, and ids. */
import { AsyncResource } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import {
  ActivityAlreadyStartedError,
  ActivityRuntime,
  ApplicationFailure,
  type ActivityContext,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, startsOf } from '../support/outcomes.js';

const ONCE = { retryPolicy: { maximumAttempts: 1 } };

describe('the first attempt', () => {
  test('starts inside run, after the scheduled event', () => {
    const h = new Harness();
    const order: string[] = [];
    h.engine.events.add('scheduled', () => order.push('scheduled'), false);
    void h.run(() => order.push('function'));
    order.push('run returned');
    expect(order).toEqual(['scheduled', 'function', 'run returned']);
  });

  test('starts later when no slot is free', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const order: string[] = [];
    void h.run(() => order.push('first'));
    void h.run(() => order.push('second'));
    order.push('run returned');
    await h.turn();
    expect(order).toEqual(['first', 'run returned', 'second']);
  });

  test('never settles inside run, even if it is synchronous', () => {
    const h = new Harness();
    void h.run(() => 1);
    expect(h.names()).toEqual(['scheduled', 'started']);
  });

  test('sets no timer without timeouts', () => {
    const h = new Harness();
    void h.run(never);
    expect(h.clock.pending).toBe(0);
  });
});

describe('the function', () => {
  test('may be synchronous', async () => {
    const h = new Harness();
    await expect(h.run((_ctx, a: number, b: number) => a + b, { args: [1, 2] })).resolves.toBe(3);
  });

  test('that throws synchronously is retried like one that rejects', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run((ctx) => {
        if (ctx.info.attempt === 1) throw new Error('no');
        return 'second';
      }),
    );
    expect(h.names()).toEqual(['scheduled', 'started']);
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ value: 'second', at: 1_000 });
  });

  test('may return any thenable', async () => {
    const h = new Harness();
    const thenable: PromiseLike<number> = {
      then: (resolve) => Promise.resolve(7).then(resolve),
    };
    await expect(h.run(() => thenable)).resolves.toBe(7);
  });

  test('that returns a thenable that throws fails', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        () => ({
          then() {
            throw new Error('from then');
          },
        }),
        ONCE,
      ),
    );
    await h.advance(0);
    expect(failureOf(run).cause).toEqual(new Error('from then'));
  });

  test('that returns an async generator is refused and not retried', async () => {
    const h = new Harness();
    let entered = false;
    const run = h.watch(
      h.run(async function* () {
        entered = true;
        yield await Promise.resolve(1);
      }),
    );
    await h.advance(10_000);
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(failureOf(run).cause).toMatchObject({
      type: 'TypeError',
      message: 'An activity must not return a generator: consume it inside the activity',
    });
    expect(entered).toBe(false);
  });

  test('that returns a generator is refused too, because its body would never run', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(function* () {
        yield expect.unreachable();
      }),
    );
    await h.advance(10_000);
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
  });

  test('may return an array, an iterator, or nothing', async () => {
    const h = new Harness();
    const iterator = [1][Symbol.iterator]();
    await expect(h.run(() => [1, 2])).resolves.toEqual([1, 2]);
    await expect(h.run(() => iterator)).resolves.toBe(iterator);
    await expect(h.run(() => {})).resolves.toBeUndefined();
  });

  test('passes its result to the caller without a copy', async () => {
    const h = new Harness();
    const result = { callback: () => 1 };
    await expect(h.run(() => result)).resolves.toBe(result);
  });

  test('is called without a this', async () => {
    const h = new Harness();
    await expect(
      h.run(function (this: void) {
        return this;
      }),
    ).resolves.toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'importRows'],
    ['an object', {}],
    ['a promise', Promise.resolve()],
  ])('may not be %s', async (_, fn) => {
    const runtime = new ActivityRuntime();
    const run = runtime.run(fn as () => void);
    await expect(run).rejects.toThrow(TypeError);
    await expect(run).rejects.toThrow(/activity/);
  });

  test('gives the activity its type through its name', async () => {
    const h = new Harness();
    await h.run(function importRows() {});
    await h.run(() => {});
    await h.run(() => {}, { activityType: 'given' });
    expect(h.of('completed').map(({ activityType }) => activityType)).toEqual([
      'importRows',
      'anonymous',
      'given',
    ]);
  });

  test('passes on its name when it is bound', async () => {
    const h = new Harness();
    async function upload(): Promise<void> {}
    await h.run(upload.bind(undefined));
    await h.run(upload.bind(undefined).bind(undefined));
    await h.run((() => {}).bind(undefined));
    await h.run(AsyncResource.bind(upload)); // which hides the name
    await h.run(AsyncResource.bind(upload), { activityType: 'upload' });
    expect(h.of('completed').map(({ activityType }) => activityType)).toEqual([
      'upload',
      'upload',
      'anonymous',
      'anonymous',
      'upload',
    ]);
  });

  test.each([
    ['throws', { get: () => expect.unreachable() }],
    ['is not text', { value: () => {} }],
    ['is empty', { value: '' }],
  ])('has no name if the name %s', async (_, name: PropertyDescriptor) => {
    const h = new Harness();
    await h.run(Object.defineProperty(() => {}, 'name', name));
    expect(h.of('completed').map(({ activityType }) => activityType)).toEqual(['anonymous']);
  });
});

describe('args', () => {
  test('are passed by reference, the same for every attempt', async () => {
    const h = new Harness();
    const rows = [1];
    const seen: unknown[] = [];
    const run = h.watch(
      h.run(
        (ctx: ActivityContext, given: number[]) => {
          seen.push(given);
          given.push(ctx.info.attempt);
          if (ctx.info.attempt < 3) throw new Error('no');
        },
        { args: [rows] },
      ),
    );
    await h.advance(10_000);
    expect(run.outcome.state).toBe('resolved');
    expect(seen.every((each) => each === rows)).toBe(true);
    expect(rows).toEqual([1, 1, 2, 3]);
  });

  test('that are not an array are refused', async () => {
    const h = new Harness();
    const run = h.run((_ctx, text: string) => text, { args: 'text' as never });
    await expect(run).rejects.toThrow(/args.*"text".*array/);
    expect(h.events).toEqual([]);
  });
});

describe('options', () => {
  test('are read once, at the call', async () => {
    const h = new Harness();
    const retryPolicy = { maximumAttempts: 2, nonRetryableErrorTypes: [] as string[] };
    const options = { retryPolicy, heartbeatTimeout: 1_000 };
    const run = h.watch(
      h.run(() => {
        throw new Error('no');
      }, options),
    );
    retryPolicy.maximumAttempts = 5;
    retryPolicy.nonRetryableErrorTypes.push('Error');
    options.heartbeatTimeout = 1;
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 1_000]);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  });

  test('come from the defaults of the runtime if the call gives none', async () => {
    const h = new Harness({
      defaults: { activityType: 'default', retryPolicy: { initialInterval: '7s' } },
    });
    const fail = (): never => {
      throw new Error('no');
    };
    h.run(fail, { retryPolicy: undefined }).catch(() => {});
    h.run(fail, { retryPolicy: { maximumAttempts: 2 } }).catch(() => {});
    await h.advance(5_000);
    expect(h.of('attemptFailed').map(({ nextAttempt }) => nextAttempt?.delayMs)).toEqual([
      7_000,
      1_000, // the policy of a call replaces the whole
      undefined,
    ]);
    expect(h.events.every(({ activityType }) => activityType === 'default')).toBe(true);
  });

  test('that are bad reject and do not throw', () => {
    const runtime = new ActivityRuntime();
    const run = runtime.run(() => 1, { priority: 99 });
    return expect(run).rejects.toThrow(TypeError);
  });
});

describe('activityId', () => {
  test('of an open activity is refused, and the open activity is not affected', async () => {
    const h = new Harness();
    const first = h.watch(h.run((ctx) => ctx.sleep('1s'), { activityId: 'x' }));
    const second = h.run(() => 2, { activityId: 'x' });
    await expect(second).rejects.toBeInstanceOf(ActivityAlreadyStartedError);
    await expect(second).rejects.toMatchObject({ activityId: 'x' });
    await expect(second).rejects.toThrow('"x"');
    await h.advance(1_000);
    expect(first.outcome.state).toBe('resolved');
    expect(h.of('scheduled')).toHaveLength(1);
  });

  test.each(['in backoff', 'in its start delay', 'waiting for a slot'])(
    'of an activity %s is refused',
    async (state) => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      if (state === 'waiting for a slot') void h.run(never);
      h.run(
        () => {
          throw new Error('no');
        },
        { activityId: 'x', startDelay: state === 'in its start delay' ? '1h' : 0 },
      ).catch(() => {});
      await h.turn();
      await expect(h.run(() => 2, { activityId: 'x' })).rejects.toBeInstanceOf(
        ActivityAlreadyStartedError,
      );
    },
  );

  test.each<[string, (ctx: ActivityContext) => unknown]>([
    ['completed', () => 1],
    [
      'failed',
      () => {
        throw ApplicationFailure.nonRetryable('no');
      },
    ],
    ['timed out, although its function is still running', never],
  ])('is free again when the activity has %s', async (_, activity) => {
    const h = new Harness();
    h.run(activity, { activityId: 'x', scheduleToCloseTimeout: '1s' }).catch(() => {});
    await h.advance(1_000);
    await expect(h.run(() => 'again', { activityId: 'x' })).resolves.toBe('again');
  });

  test('can be used in another runtime', async () => {
    void new Harness().run(never, { activityId: 'x' });
    await expect(new Harness().run(() => 1, { activityId: 'x' })).resolves.toBe(1);
  });

  test('may be the empty string', async () => {
    const h = new Harness();
    void h.run(never, { activityId: '' });
    await expect(h.run(() => 1, { activityId: '' })).rejects.toBeInstanceOf(
      ActivityAlreadyStartedError,
    );
  });
});

test('a late end of a timed-out attempt does not free an id that another activity now has', async () => {
  const h = new Harness();
  let finish!: () => void;
  h.run(() => new Promise<void>((resolve) => (finish = resolve)), {
    activityId: 'x',
    scheduleToCloseTimeout: '1s',
  }).catch(() => {});
  await h.advance(1_000);
  void h.run(never, { activityId: 'x' });
  finish();
  await h.turn();
  await expect(h.run(() => 1, { activityId: 'x' })).rejects.toBeInstanceOf(
    ActivityAlreadyStartedError,
  );
});

describe('generated ids', () => {
  test('start with a random part and end with a number', () => {
    const h = new Harness();
    const ids = [1, 2, 3].map(() => h.start(never).activityId);
    const [prefix = ''] = ids[0]?.split(/-1$/) ?? [];
    expect(prefix).toMatch(/^[\w-]{22}$/);
    expect(ids).toEqual([`${prefix}-1`, `${prefix}-2`, `${prefix}-3`]);
    expect(new Harness().start(never).activityId).not.toBe(ids[0]);
  });

  test('contain no characters with a special meaning in URLs', () => {
    const ids = Array.from({ length: 200 }, () => new Harness().start(never).activityId);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}-1$/);
    for (const sign of ['-', '_']) {
      expect(ids.some((id) => id.slice(0, 22).includes(sign))).toBe(true);
    }
  });
});

import { context } from '@opentelemetry/api';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import {
  ActivityCancellationDetails,
  ApplicationFailure as TemporalApplicationFailure,
  CancelledFailure as TemporalCancelledFailure,
  CompleteAsyncError,
  noopMetricMeter,
  type Logger,
  type RetryPolicy,
} from '@temporalio/common';
import { afterAll, describe, expect, test } from 'vitest';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  HeartbeatDetailsError,
  type ActivityContext,
} from 'systole';
import { contextInterceptor, heartbeat as heartbeatFromAnywhere } from 'systole/context';
import { openTelemetry } from 'systole/otel';
import { toTemporal, type ToTemporalOptions } from 'systole/temporal';
import { workerPool } from 'systole/workers';
import { Memory, trackContext } from '../../support/opentelemetry.js';

const DEPRECATED = Object.fromEntries([['activityNamespace', 'default']]) as {
  activityNamespace: string;
};

const POLICY: RetryPolicy = {
  initialInterval: 1000,
  backoffCoefficient: 2,
  maximumInterval: 100_000,
  maximumAttempts: 0,
  nonRetryableErrorTypes: ['Bad'],
};

/** What a worker gives to an attempt, and what it gets back. */
class FakeWorker {
  readonly heartbeats: unknown[] = [];
  readonly logs: string[] = [];
  readonly holder: { details?: ActivityCancellationDetails } = {};
  readonly #controller = new AbortController();
  readonly #context: Context;

  constructor(heartbeatDetails?: unknown, retryPolicy: RetryPolicy = POLICY) {
    const write = (message: string): void => void this.logs.push(message);
    const logger: Logger = {
      log: (_level, message) => write(message),
      trace: write,
      debug: write,
      info: write,
      warn: write,
      error: write,
    };
    this.#context = new Context(
      {
        taskToken: new Uint8Array([1, 2, 3]),
        base64TaskToken: 'AQID',
        activityId: 'id-1',
        activityType: 'work',
        ...DEPRECATED,
        namespace: 'default',
        attempt: 3,
        isLocal: false,
        inWorkflow: false,
        scheduledTimestampMs: 1_000,
        currentAttemptScheduledTimestampMs: 2_000,
        startToCloseTimeoutMs: 10_000,
        scheduleToCloseTimeoutMs: 0,
        heartbeatTimeoutMs: 3_000,
        heartbeatDetails,
        taskQueue: 'queue',
        priority: {},
        retryPolicy,
      },
      new Promise<never>(() => {}),
      this.#controller.signal,
      (details) => void this.heartbeats.push(details),
      undefined,
      logger,
      noopMetricMeter,
      this.holder,
    );
  }

  cancel(
    reason: string,
    details: ConstructorParameters<typeof ActivityCancellationDetails>[0],
  ): void {
    this.holder.details = new ActivityCancellationDetails(details);
    this.#controller.abort(new TemporalCancelledFailure(reason));
  }

  run<D>(
    work: (ctx: ActivityContext<D>) => unknown,
    options?: ToTemporalOptions,
  ): Promise<unknown> {
    const activities = toTemporal({ work }, options);
    return asyncLocalStorage.run(this.#context, () => activities.work());
  }
}

function rejection(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => 'no rejection',
    (error: unknown) => error,
  );
}

describe('a systole activity on a worker has', () => {
  test('its arguments, its this and its result', async () => {
    const activities = {
      base: 10,
      async add(_ctx: ActivityContext, a: number): Promise<number> {
        return this.base + a;
      },
    };
    const registered = toTemporal(activities);
    expect(Object.keys(registered)).toEqual(['add']);
    const { add } = registered;
    const worker = new FakeWorker();
    expect(await worker.run(() => add(5))).toBe(15);
  });

  test('ctx.info', async () => {
    const info = (await new FakeWorker().run((ctx) => ctx.info)) as ActivityContext['info'];
    expect(info).toEqual({
      activityId: 'id-1',
      activityType: 'work',
      attempt: 3,
      scheduledTimestampMs: 1_000,
      currentAttemptScheduledTimestampMs: 2_000,
      startedTimestampMs: expect.any(Number) as unknown,
      heartbeatTimeoutMs: 3_000,
      startToCloseTimeoutMs: 10_000,
      scheduleToCloseTimeoutMs: undefined,
      priority: 3,
      retryPolicy: {
        initialInterval: 1000,
        backoffCoefficient: 2,
        maximumInterval: 100_000,
        maximumAttempts: Infinity,
        nonRetryableErrorTypes: ['Bad'],
        jitter: 0,
        maximumAttemptsWithoutProgress: Infinity,
      },
    });
    expect(info.taskToken).toBe('AQID');
    expect(JSON.stringify(info)).not.toContain('AQID');
  });

  test('a policy that the server accepts and systole would refuse', async () => {
    const policy = {
      initialInterval: 10_000,
      maximumInterval: 5_000,
      nonRetryableErrorTypes: ['TemporalTimeout:Heart'],
    };
    const worker = new FakeWorker(undefined, policy);
    expect(await worker.run((ctx) => ctx.info.retryPolicy)).toEqual({
      ...policy,
      backoffCoefficient: 2,
      maximumAttempts: Infinity,
      jitter: 0,
      maximumAttemptsWithoutProgress: Infinity,
    });
  });

  test('details, a logger and bound methods', async () => {
    const worker = new FakeWorker({ row: 4 });
    await worker.run(({ heartbeatDetails, hasHeartbeatDetails, log, sleep }) => {
      expect(heartbeatDetails).toEqual({ row: 4 });
      expect(hasHeartbeatDetails).toBe(true);
      log.info('hello');
      return sleep(1);
    });
    expect(worker.logs).toEqual(['hello']);
    expect(await new FakeWorker().run((ctx) => ctx.hasHeartbeatDetails)).toBe(false);
  });
});

describe('on a worker of Temporal', () => {
  const silent: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => {
      const items = ['a', 'b'];
      return {
        next: () =>
          items.length > 0
            ? Promise.resolve({ done: false, value: items.shift() as string })
            : new Promise<never>(() => {}),
      };
    },
  };

  test('ctx.watch heartbeats for each item, and a stall is a retryable failure', async () => {
    const worker = new FakeWorker();
    const error = await rejection(
      worker.run(async (ctx: ActivityContext<string>) => {
        const options = { between: 10, details: (item: string) => item };
        for await (const item of ctx.watch(silent, options)) expect(item).toMatch(/a|b/);
      }),
    );
    expect(error).toMatchObject({
      name: 'ApplicationFailure',
      type: 'TimeoutFailure',
      details: [{ timeoutType: 'STREAM' }],
      message: 'ctx.watch: no item came for 10 ms; items so far: 2',
      nonRetryable: false,
    });
    expect(worker.heartbeats).toEqual(['a', 'b']);
  });

  test('ctx.watch ends at once when the activity is cancelled', async () => {
    const worker = new FakeWorker();
    const run = rejection(
      worker.run(async (ctx) => {
        for await (const item of ctx.watch(silent))
          if (item === 'b') worker.cancel('CANCELLED', {});
      }),
    );
    expect(await run).toBeInstanceOf(TemporalCancelledFailure);
  });

  test('ctx.yield heartbeats, and rejects when the activity is cancelled', async () => {
    const worker = new FakeWorker();
    const run = rejection(
      worker.run(async (ctx: ActivityContext<number>) => {
        ctx.heartbeat(7);
        await ctx.yield();
        worker.cancel('CANCELLED', {});
        await ctx.yield();
      }),
    );
    expect(await run).toBeInstanceOf(TemporalCancelledFailure);
    expect(worker.heartbeats).toEqual([7, 7, 7]);
  });
});

describe('heartbeats on a worker of Temporal', () => {
  test('without details repeat the last ones, even from an earlier attempt', async () => {
    const worker = new FakeWorker({ row: 4 });
    await worker.run(({ heartbeat }) => {
      heartbeat();
      heartbeat({ row: 5 });
      heartbeat();
      heartbeat(null);
      heartbeat();
    });
    expect(worker.heartbeats).toEqual([{ row: 4 }, { row: 5 }, { row: 5 }, null, null]);
  });

  test('without details repeat what was given, whatever the function has done to it', async () => {
    const worker = new FakeWorker({ queue: ['a', 'b', 'c'] });
    await worker.run(({ heartbeat, heartbeatDetails }: ActivityContext<{ queue: string[] }>) => {
      heartbeatDetails?.queue.shift();
      heartbeat();
      expect(heartbeatDetails).toEqual({ queue: ['b', 'c'] });
    });
    expect(worker.heartbeats).toEqual([{ queue: ['a', 'b', 'c'] }]);
  });

  test('without details repeat the output of a user’s converter unchanged', async () => {
    const given = { at: new Date(0) };
    const worker = new FakeWorker(given);
    await worker.run(({ heartbeat }) => {
      heartbeat();
    });
    expect(worker.heartbeats[0]).toBe(given);
  });

  test('are copied at the call, and do nothing after the end', async () => {
    const worker = new FakeWorker();
    const later: (() => void)[] = [];
    await worker.run(({ heartbeat }) => {
      const details = { row: 1 };
      heartbeat(details);
      details.row = 2;
      later.push(() => {
        heartbeat(details);
      });
    });
    later[0]!();
    expect(worker.heartbeats).toEqual([{ row: 1 }]);
  });

  test.each([
    ['a Map', { rows: new Map() }, 'details.rows'],
    ['a Date', [new Date()], 'details[0]'],
    ['NaN', { deep: [{ ratio: NaN }] }, 'details.deep[0].ratio'],
    ['a bigint', 1n, 'details'],
    ['a function', { cb: () => {} }, 'details.cb'],
    ['a value at the key constructor', { constructor: 1n }, 'details.constructor'],
    ['a symbol key', { [Symbol('s')]: 1 }, 'details["Symbol(s)"]'],
    ['a named array property', [Object.assign([1], { x: 1 })], 'details[0].x'],
  ])('refuse %s', async (_, details, path) => {
    const worker = new FakeWorker();
    const error = await rejection(
      worker.run(({ heartbeat }) => {
        heartbeat(details);
      }),
    );
    expect(error).toBeInstanceOf(TemporalApplicationFailure);
    expect(error).toMatchObject({
      type: 'HeartbeatDetailsError',
      nonRetryable: true,
      details: [path],
    });
    expect(worker.heartbeats).toEqual([undefined]); // alive anyway
  });

  test.each(['__proto__', 'constructor', 'prototype'])(
    'treat a key %s as ordinary data',
    async (key) => {
      const worker = new FakeWorker();
      const row = `{"a":{"${key}":{"polluted":1}}}`;
      await worker.run(({ heartbeat }) => {
        heartbeat(JSON.parse(row));
      });
      expect(worker.heartbeats.map((details) => JSON.stringify(details))).toEqual([row]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test('refuse a cycle, deep nesting and unreadable values', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = { cycle };
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level++) deep = [deep];
    const unreadable = {
      get row(): never {
        throw new RangeError('mine');
      },
    };
    await new FakeWorker().run(({ heartbeat }) => {
      for (const details of [cycle, deep, unreadable]) {
        expect(() => {
          heartbeat(details);
        }).toThrow(HeartbeatDetailsError);
      }
    });
  });

  test('come from anywhere with contextInterceptor', async () => {
    const worker = new FakeWorker();
    await worker.run(() => heartbeatFromAnywhere('deep'), { interceptors: [contextInterceptor] });
    expect(worker.heartbeats).toEqual(['deep']);
  });

  test('continue during keepAlive until the work has settled', async () => {
    const worker = new FakeWorker('kept');
    const work = new Promise((resolve) => setTimeout(() => resolve('done'), 35));
    expect(await worker.run((ctx) => ctx.keepAlive(work, { every: 10 }))).toBe('done');
    expect(worker.heartbeats.length).toBeGreaterThan(1);
    expect(new Set(worker.heartbeats)).toEqual(new Set(['kept']));
  });
});

describe('cancellation on a worker of Temporal', () => {
  test('aborts the signal with systole’s failure, ends a sleep and is reported as one', async () => {
    const worker = new FakeWorker();
    const seen: unknown[] = [];
    const run = rejection(
      worker.run(async (ctx) => {
        const sleeping = ctx.sleep('1 hour');
        worker.cancel('CANCELLED', { cancelRequested: true });
        await ctx.cancelled.catch((error: unknown) => seen.push(error));
        seen.push(ctx.signal.reason === seen[0], ctx.cancellationDetails);
        await sleeping;
      }),
    );
    expect(await run).toBeInstanceOf(TemporalCancelledFailure);
    expect(await run).toMatchObject({ message: 'CANCELLED' });
    expect(seen[0]).toBeInstanceOf(CancelledFailure);
    expect(seen).toMatchObject([
      { message: 'CANCELLED' },
      true,
      { cancelRequested: true, paused: false, notFound: false },
    ]);
  });

  test('is accepted by an AbortError and by an error caused by one', async () => {
    for (const make of [
      () => new DOMException('stop', 'AbortError'),
      (ctx: ActivityContext) => new Error('stopped', { cause: ctx.signal.reason }),
    ]) {
      const worker = new FakeWorker();
      const error = await rejection(
        worker.run((ctx) => {
          worker.cancel('PAUSED', { paused: true });
          throw make(ctx);
        }),
      );
      expect(error).toBeInstanceOf(TemporalCancelledFailure);
      expect(error).toMatchObject({ message: 'PAUSED' });
    }
  });

  test('by a shutdown aborts shutdownSignal, unless a signal was given', async () => {
    const worker = new FakeWorker();
    await worker.run((ctx) => {
      expect(ctx.shutdownSignal.aborted).toBe(false);
      worker.cancel('WORKER_SHUTDOWN', { workerShutdown: true });
      expect(ctx.shutdownSignal.aborted).toBe(true);
      expect(ctx.cancellationDetails?.workerShutdown).toBe(true);
    });
    const shutdown = new AbortController();
    await new FakeWorker().run(
      (ctx) => {
        shutdown.abort();
        expect(ctx.shutdownSignal.aborted).toBe(true);
        expect(ctx.signal.aborted).toBe(false);
      },
      { shutdownSignal: shutdown.signal },
    );
  });
});

describe('the worker gets', () => {
  test('an ApplicationFailure with every field', async () => {
    const error = await rejection(
      new FakeWorker().run(() => {
        throw new ApplicationFailure('no', {
          type: 'Refused',
          nonRetryable: true,
          details: [1],
          nextRetryDelay: '5s',
          category: 'BENIGN',
          cause: new ApplicationFailure('below', { type: 'Below' }),
        });
      }),
    );
    expect(error).toBeInstanceOf(TemporalApplicationFailure);
    expect(error).toMatchObject({
      message: 'no',
      type: 'Refused',
      nonRetryable: true,
      details: [1],
      nextRetryDelay: 5000,
      category: 'BENIGN',
      cause: { message: 'below', type: 'Below' },
    });
    expect((error as { cause: unknown }).cause).toBeInstanceOf(TemporalApplicationFailure);
  });

  test('a failure of systole’s among the causes of another error', async () => {
    const inner = new ApplicationFailure('in', { type: 'Refused', details: [1] });
    const failure = new ActivityFailure('middle', {
      cause: inner,
      activityId: 'id-2',
      activityType: 'inner',
      attempt: 1,
    });
    const thrown = new RangeError('outer', { cause: failure });
    const error = await rejection(
      new FakeWorker().run(() => {
        throw thrown;
      }),
    );
    expect(error).toBeInstanceOf(TemporalApplicationFailure);
    expect(error).toMatchObject({
      message: 'outer',
      type: 'RangeError',
      nonRetryable: false,
      stack: thrown.stack,
      cause: {
        message: 'middle',
        type: 'ActivityFailure',
        cause: { message: 'in', type: 'Refused', details: [1], cause: undefined },
      },
    });
    const { cause } = error as { cause: { cause: unknown } };
    expect(cause).toBeInstanceOf(TemporalApplicationFailure);
    expect(cause.cause).toBeInstanceOf(TemporalApplicationFailure);
  });

  test('cyclic causes only once', async () => {
    const below = new ApplicationFailure('below', { type: 'Below' });
    const thrown = new Error('above', { cause: below });
    below.cause = thrown;
    const error = await rejection(
      new FakeWorker().run(() => {
        throw thrown;
      }),
    );
    expect(error).toMatchObject({
      message: 'above',
      cause: { message: 'below', type: 'Below', cause: undefined },
    });
  });

  test('a short text instead of details that JSON cannot hold', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const bad = {
      get row(): never {
        throw new Error('cannot be read');
      },
    };
    const error = await rejection(
      new FakeWorker().run(() => {
        const details = [{ row: 1 }, undefined, 5n, cycle, bad, Math.max, NaN];
        throw new ApplicationFailure('no', { details });
      }),
    );
    expect((error as TemporalApplicationFailure).details).toEqual([
      { row: 1 },
      undefined,
      '5n',
      'an object',
      'an object',
      'function max',
      NaN,
    ]);
  });

  test('any other error unchanged', async () => {
    const thrown = new RangeError('out');
    const error = await rejection(
      new FakeWorker().run(() => {
        throw thrown;
      }),
    );
    expect(error).toBe(thrown);
  });

  test('CompleteAsyncError, whatever the function did after completeAsync', async () => {
    const swallowed = new FakeWorker().run((ctx) => {
      try {
        return ctx.completeAsync();
      } catch {
        return 'ignored';
      }
    });
    expect(await rejection(swallowed)).toBeInstanceOf(CompleteAsyncError);
    const thrown = new FakeWorker().run((ctx) => ctx.completeAsync());
    expect(await rejection(thrown)).toBeInstanceOf(CompleteAsyncError);
  });
});

test('an object without any activity is refused by name at the call', () => {
  expect(() => toTemporal({ a: 1 })).toThrow(
    new TypeError(
      'toTemporal: activity a: received 1; expected a function such as async (ctx) => {}',
    ),
  );
});

test('an object or a module may contain other things than activities', () => {
  expect(Object.keys(toTemporal({ LIMIT: 5, work: () => 'done' }))).toEqual(['work']);
});

describe('an activity of a pool of workers', () => {
  const pool = workerPool<Record<string, (ctx: ActivityContext, ...args: unknown[]) => unknown>>(
    new URL('../../workers/fixtures/activities.mjs', import.meta.url),
    { isolation: 'thread', execArgv: [] },
  );
  afterAll(() => pool.close());

  test('runs on a worker of Temporal, with its heartbeats', async () => {
    const worker = new FakeWorker();
    const activities = toTemporal(pool.activities);
    expect(await worker.run(() => activities['sleeps']!(5))).toBe('slept');
    expect(worker.heartbeats).toContain('on its way');
  });

  test('hears of a cancellation there', async () => {
    const worker = new FakeWorker();
    const activities = toTemporal({ watches: pool.activities['watches']! });
    const run = rejection(worker.run(() => activities.watches('aborted')));
    await expect.poll(() => worker.heartbeats, { timeout: 10_000 }).toContain('on its way');
    worker.cancel('CANCELLED', { cancelRequested: true });
    expect(await run).toBeInstanceOf(TemporalCancelledFailure);
  });
});

describe('OpenTelemetry on a worker', () => {
  test("a function runs in the span that Temporal's own instrumentation makes active", async () => {
    trackContext();
    const memory = new Memory();
    const tracer = memory.tracerProvider.getTracer('@temporalio/interceptor-activity');
    await tracer.startActiveSpan('RunActivity:work', async (span) => {
      await new FakeWorker().run(async (ctx) => {
        ctx.heartbeat(1);
        await ctx.sleep(1);
        tracer.startSpan('insert').end();
      });
      span.end();
    });
    expect(memory.tree).toEqual(['RunActivity:work', '  insert']);
    context.disable();
  });

  test('openTelemetry() is refused, because a worker has no events to attach to', () => {
    const interceptors = [openTelemetry()];
    expect(() => toTemporal({ work: () => 1 }, { interceptors })).toThrow(
      'toTemporal interceptors[0]: received an object; expected one without attach',
    );
  });
});

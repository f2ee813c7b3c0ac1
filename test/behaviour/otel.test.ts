/** `systole/otel` against the real SDK, in memory. */
import { context, metrics, trace, type Span, type Tracer } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ActivityRuntime,
  ApplicationFailure,
  type ActivityContext,
  type ActivityInterceptor,
  type RuntimeOptions,
} from 'systole';
import { contextInterceptor } from 'systole/context';
import { openTelemetry } from 'systole/otel';
import { TestActivityEnvironment } from 'systole/testing';
import { workerPool } from 'systole/workers';
import { PLACE } from '../../src/runtime/shared/place.js';
import { Harness, never } from '../support/harness.js';
import { Memory, trackContext } from '../support/opentelemetry.js';

beforeAll(trackContext);
afterAll(() => context.disable());

const ONCE = { retryPolicy: { maximumAttempts: 1 } };

/** The number that the span of an attempt carries. */
function attemptOf(span: Span | undefined): unknown {
  return (span as Partial<ReadableSpan> | undefined)?.attributes?.['systole.attempt'];
}

class Stage {
  readonly memory = new Memory();
  readonly tracer: Tracer = this.memory.tracerProvider.getTracer('program');
  readonly h: Harness;

  constructor(options: RuntimeOptions = {}, more: { details?: boolean } = {}) {
    const { tracerProvider, meterProvider } = this.memory;
    const telemetry = openTelemetry({ tracerProvider, meterProvider, ...more });
    const { interceptors = [], ...others } = options;
    this.h = new Harness({ ...others, interceptors: [telemetry, ...interceptors] });
  }

  /** Runs a part of the program in a span of its own. */
  inSpan<T>(name: string, work: () => T): T {
    return this.tracer.startActiveSpan(name, (span) => {
      try {
        return work();
      } finally {
        span.end();
      }
    });
  }

  get tree(): string[] {
    return this.memory.tree;
  }

  async points(name: string): Promise<unknown[]> {
    const metric = (await this.memory.metrics()).get(name);
    return metric?.points.map(({ attributes, value }) => [value, attributes]) ?? [];
  }
}

describe('the tree of spans', () => {
  test('a success: the caller, the activity, its attempt, and what the function makes', async () => {
    const stage = new Stage();
    const run = stage.inSpan('request', () =>
      stage.h.run(async function importRows(ctx) {
        await ctx.sleep(10);
        stage.inSpan('insert', () => 1);
      }),
    );
    await stage.h.advance(100);
    await run;
    expect(stage.tree).toEqual([
      'request',
      '  Activity:importRows',
      '    RunActivity:importRows',
      '      insert',
    ]);
  });

  test('a retry: the failed attempt is an error, the activity is not, and the attempts are linked', async () => {
    const stage = new Stage();
    const run = stage.h.run(async function importRows(ctx: ActivityContext) {
      if (ctx.info.attempt < 3) throw new RangeError('connection lost');
      await Promise.resolve();
    });
    await stage.h.advance(10_000);
    await run;
    expect(stage.tree).toEqual([
      'Activity:importRows',
      '  RunActivity:importRows ERROR (exception)',
      '  RunActivity:importRows ERROR (exception)',
      '  RunActivity:importRows',
    ]);
    const attempts = [0, 1, 2].map((index) => stage.memory.span('RunActivity:importRows', index));
    expect(attempts.map(({ links }) => links.map((link) => link.context.spanId))).toEqual([
      [],
      [attempts[0]!.spanContext().spanId],
      [attempts[1]!.spanContext().spanId],
    ]);
    expect(attempts[0]!.attributes).toMatchObject({
      'systole.attempt': 1,
      'systole.status': 'FAILED',
      'error.type': 'RangeError',
    });
    expect(attempts[0]!.status).toEqual({ code: 2, message: 'connection lost' });
    expect(attempts[0]!.events[0]!.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'connection lost',
    });
  });

  test('a failure: the activity is an error too, with its retry state', async () => {
    const stage = new Stage();
    await stage.h
      .run(
        function importRows() {
          throw ApplicationFailure.nonRetryable('no such file', 'NotFound');
        },
        { activityId: 'big.csv' },
      )
      .catch(() => {});
    expect(stage.tree).toEqual([
      'Activity:importRows ERROR (exception)',
      '  RunActivity:importRows ERROR (exception)',
    ]);
    expect(stage.memory.span('Activity:importRows').attributes).toEqual({
      'systole.activity.id': 'big.csv',
      'systole.activity.type': 'importRows',
      'systole.attempt': 1,
      'systole.status': 'FAILED',
      'systole.retry_state': 'NON_RETRYABLE_FAILURE',
      'error.type': 'NotFound',
    });
  });

  test('a hung attempt: its span ends at the timeout, not when its function does', async () => {
    const stage = new Stage();
    let finish!: () => void;
    const run = stage.h.run(
      function importRows(ctx: ActivityContext): Promise<void> {
        ctx.heartbeat(1);
        return new Promise((resolve) => (finish = resolve));
      },
      { heartbeatTimeout: '1s', ...ONCE },
    );
    const failed = run.catch(() => {});
    await stage.h.advance(999);
    expect(stage.memory.spans).toEqual([]);
    await stage.h.advance(1);
    await failed;
    expect(stage.tree).toEqual([
      'Activity:importRows ERROR (exception)',
      '  RunActivity:importRows ERROR (heartbeat, timed_out, exception, abandoned)',
    ]);
    expect(stage.memory.span('RunActivity:importRows').attributes).toMatchObject({
      'systole.status': 'TIMED_OUT',
      'systole.timeout_type': 'HEARTBEAT',
      'error.type': 'TimeoutFailure',
    });
    expect(stage.memory.span('Activity:importRows').attributes).toMatchObject({
      'systole.status': 'TIMED_OUT',
      'systole.timeout_type': 'HEARTBEAT',
      'systole.retry_state': 'MAXIMUM_ATTEMPTS_REACHED',
    });
    finish();
    await stage.h.turn();
    expect(stage.memory.spans).toHaveLength(2);
  });

  test('a hung attempt that is retried is over before the next begins', async () => {
    const stage = new Stage();
    const run = stage.h.run((ctx: ActivityContext) => (ctx.info.attempt === 1 ? never() : 'done'), {
      activityType: 'importRows',
      startToCloseTimeout: '1s',
    });
    await stage.h.advance(1_000);
    await stage.h.turn();
    expect(stage.memory.spans.map(({ name }) => name)).toEqual(['RunActivity:importRows']);
    await stage.h.advance(1_000);
    await run;
    expect(stage.tree).toEqual([
      'Activity:importRows',
      '  RunActivity:importRows ERROR (timed_out, exception, abandoned)',
      '  RunActivity:importRows',
    ]);
  });

  test('an activity that never gets a slot has no attempt', async () => {
    const stage = new Stage({ maxConcurrentActivities: 1 });
    void stage.h.run(never);
    await Promise.all([
      stage.h.run(() => 1, { activityType: 'late', scheduleToStartTimeout: 10 }).catch(() => {}),
      stage.h.advance(10),
    ]);
    expect(stage.tree).toEqual(['Activity:late ERROR (exception)']);
    expect(stage.memory.span('Activity:late').attributes).toMatchObject({
      'systole.attempt': 0,
      'systole.timeout_type': 'SCHEDULE_TO_START',
    });
  });

  test('a cancellation is no error', async () => {
    const stage = new Stage();
    const handle = stage.h.start((ctx: ActivityContext) => ctx.cancelled, {
      activityType: 'importRows',
      cancellationDelivery: 'immediate',
    });
    handle.cancel('enough');
    await handle.result().catch(() => {});
    await stage.h.turn();
    expect(stage.tree).toEqual(['Activity:importRows', '  RunActivity:importRows']);
    expect(stage.memory.span('Activity:importRows').attributes).toMatchObject({
      'systole.status': 'CANCELED',
      'systole.retry_state': 'CANCEL_REQUESTED',
    });
    expect(stage.memory.span('RunActivity:importRows').attributes).toMatchObject({
      'systole.status': 'CANCELED',
    });
  });

  test('a termination and a shutdown are no errors; a function that still runs is abandoned', async () => {
    const stage = new Stage();
    stage.h.start(never, { activityType: 'terminated' }).terminate();
    const handle = stage.h.start(never, { activityType: 'shut' });
    void stage.h.engine.shutdown({ abandonAfter: 0 });
    await stage.h.advance(10);
    await handle.result().catch(() => {});
    expect(stage.tree).toEqual([
      'Activity:terminated',
      '  RunActivity:terminated (abandoned)',
      'Activity:shut',
      '  RunActivity:shut (abandoned)',
    ]);
    expect(stage.memory.span('Activity:terminated').attributes['systole.status']).toBe(
      'TERMINATED',
    );
    expect(stage.memory.span('Activity:shut').attributes).toMatchObject({
      'systole.status': 'CANCELED',
    });
    expect(stage.memory.span('Activity:shut').attributes).not.toHaveProperty('systole.retry_state');
  });

  test('a pause ends the attempt with an event, and the next one is linked to it', async () => {
    const stage = new Stage();
    const handle = stage.h.start((ctx: ActivityContext) => ctx.info.attempt > 1 || ctx.cancelled, {
      activityType: 'importRows',
      cancellationDelivery: 'immediate',
    });
    handle.pause();
    await stage.h.turn();
    expect(stage.tree).toEqual([]);
    expect(stage.memory.spans.map(({ name, status }) => [name, status.code])).toEqual([
      ['RunActivity:importRows', 0],
    ]);
    handle.unpause();
    await stage.h.advance(10_000);
    expect(stage.tree).toEqual([
      'Activity:importRows',
      '  RunActivity:importRows (paused)',
      '  RunActivity:importRows',
    ]);
    expect(stage.memory.span('RunActivity:importRows').attributes).toMatchObject({
      'systole.status': 'PAUSED',
    });
    expect(stage.memory.span('RunActivity:importRows', 1).links).toHaveLength(1);
  });

  test('an attempt that is completed from outside ends then, and not when its function returns', async () => {
    const stage = new Stage();
    const handle = stage.h.start((ctx: ActivityContext) => ctx.completeAsync(), {
      activityType: 'webhook',
    });
    await stage.h.turn();
    expect(stage.memory.spans).toEqual([]);
    handle.complete('paid' as never);
    await stage.h.turn();
    expect(stage.tree).toEqual(['Activity:webhook', '  RunActivity:webhook']);
  });

  test('an activity that runs elsewhere has the same spans', async () => {
    const stage = new Stage();
    const fn = Object.assign(async (_ctx: ActivityContext) => 'here', {
      [PLACE]: {
        hasRoom: () => true,
        enter: () => ({ run: async () => 'there', leave: (outcome: unknown) => outcome }),
        forget: () => {},
      },
    });
    expect(await stage.h.run(fn, { activityType: 'far' })).toBe('there');
    expect(stage.tree).toEqual(['Activity:far', '  RunActivity:far']);
  });

  test('an activity of workerPool has the same spans, and its heartbeats', async () => {
    await using pool = workerPool<{ sleeps: (ctx: ActivityContext, ms: number) => string }>(
      new URL('../workers/fixtures/activities.mjs', import.meta.url),
      { isolation: 'thread', execArgv: [], maxWorkers: 1 },
    );
    const memory = new Memory();
    const runtime = new ActivityRuntime({ interceptors: [openTelemetry(memory)] });
    expect(await runtime.run(pool.activities.sleeps, { args: [5] })).toBe('slept');
    expect(memory.tree).toEqual(['Activity:sleeps', '  RunActivity:sleeps (heartbeat)']);
  });

  test('queued and retried attempts have the parents of their own callers', async () => {
    const stage = new Stage({ maxConcurrentActivities: 1 });
    async function importRows(ctx: ActivityContext, name: string): Promise<void> {
      await ctx.sleep(10);
      stage.inSpan(`insert for ${name}`, () => 1);
      if (ctx.info.attempt === 1) throw new Error('again');
    }
    const runs = ['a', 'b'].map((name) =>
      stage.inSpan(`request ${name}`, () => stage.h.run(importRows, { args: [name] })),
    );
    await stage.h.advance(10_000);
    await Promise.all(runs);
    const of = (name: string): string[] => [
      `request ${name}`,
      '  Activity:importRows',
      '    RunActivity:importRows ERROR (exception)',
      `      insert for ${name}`,
      '    RunActivity:importRows',
      `      insert for ${name}`,
    ];
    expect(stage.tree).toEqual([...of('a'), ...of('b')]);
  });

  test('an activity inside an activity is below its attempt', async () => {
    const stage = new Stage();
    await stage.h.run(() => stage.h.run(() => 1, { activityType: 'inner' }), {
      activityType: 'outer',
    });
    expect(stage.tree).toEqual([
      'Activity:outer',
      '  RunActivity:outer',
      '    Activity:inner',
      '      RunActivity:inner',
    ]);
  });

  test.each<[order: string, before: ActivityInterceptor[], after: ActivityInterceptor[]]>([
    ['before', [contextInterceptor], []],
    ['after', [], [contextInterceptor]],
  ])('contextInterceptor may be listed %s openTelemetry', async (_, before, after) => {
    const memory = new Memory();
    const telemetry = openTelemetry(memory);
    const h = new Harness({
      interceptors: [...before, telemetry, ...after],
      maxConcurrentActivities: 1,
    });
    const tracer = memory.tracerProvider.getTracer('program');
    for (const name of ['a', 'b']) {
      tracer.startActiveSpan(name, (span) => {
        void h.run(
          async (ctx) => {
            await ctx.sleep(1);
            tracer.startSpan('work').end();
          },
          { activityType: name },
        );
        span.end();
      });
    }
    await h.advance(10);
    expect(memory.tree).toEqual(
      ['a', 'b'].flatMap((name) => [
        name,
        `  Activity:${name}`,
        `    RunActivity:${name}`,
        '      work',
      ]),
    );
  });

  test('TestActivityEnvironment has the same spans', async () => {
    const memory = new Memory();
    await using env = new TestActivityEnvironment({ interceptors: [openTelemetry(memory)] });
    env.failOnHeartbeat(1, new Error('connection lost'));
    await env.run(
      function importRows(ctx: ActivityContext) {
        ctx.heartbeat(1);
      },
      { retryPolicy: { initialInterval: '1h' } },
    );
    expect(memory.tree).toEqual([
      'Activity:importRows',
      '  RunActivity:importRows ERROR (heartbeat, exception)',
      '  RunActivity:importRows (heartbeat)',
    ]);
  });
});

test('heartbeat events show details only if asked, as JSON', async () => {
  for (const details of [false, true]) {
    const stage = new Stage({}, { details });
    await stage.h.run(
      (ctx: ActivityContext) => {
        ctx.heartbeat({ row: 7n, padding: 'x'.repeat(10_000) });
      },
      { activityType: 'importRows' },
    );
    const [event] = stage.memory.span('RunActivity:importRows').events;
    const text = event!.attributes?.['systole.heartbeat.details'];
    if (details) {
      expect(text).toMatch(/^\{"row":"7","padding":"xxx/);
      expect(text).toHaveLength(4_096);
    } else expect(text).toBeUndefined();
  }
});

test('an error that cannot be read still ends its spans', async () => {
  const stage = new Stage();
  const hostile = new Error('unread');
  for (const key of ['stack', 'name', 'message', 'code', 'constructor']) {
    Object.defineProperty(hostile, key, {
      get: () => {
        throw new Error('hands off');
      },
    });
  }
  await stage.h
    .run(function importRows() {
      throw hostile;
    }, ONCE)
    .catch(() => {});
  expect(stage.tree).toEqual(['Activity:importRows ERROR', '  RunActivity:importRows ERROR']);
  expect(stage.h.logs.filter(({ message }) => message.includes('listener'))).toEqual([]);
});

describe('metrics', () => {
  test('have their units and their values', async () => {
    const stage = new Stage({ maxConcurrentActivities: 2 });
    const { h } = stage;
    async function importRows(ctx: ActivityContext): Promise<void> {
      ctx.heartbeat(1);
      ctx.heartbeat(2);
      if (ctx.info.attempt === 1) {
        await h.work(2_000);
        throw new TypeError('connection lost');
      }
      await h.work(1_000);
    }
    void h.run(importRows); // 2 s, 1 s of backoff, 1 s
    void h
      .run(never, { activityType: 'hangs', startToCloseTimeout: '3s', ...ONCE })
      .catch(() => {});
    void h.run(importRows, { activityType: 'waits', startDelay: '1s', ...ONCE }).catch(() => {});
    await h.advance(1_500);
    const open = await stage.memory.metrics();
    const values = (name: string): unknown =>
      open.get(name)?.points.map(({ value, attributes }) => [value, ...Object.values(attributes)]);
    expect(values('systole.slots.used')).toEqual([[2]]);
    expect(values('systole.slots.available')).toEqual([[0]]);
    expect(values('systole.activities')).toEqual([
      [2, 'running'],
      [1, 'waiting'],
      [0, 'paused'],
      [0, 'delayed'],
    ]);
    await h.advance(10_000);

    const type = 'systole.activity.type';
    const status = 'systole.status';
    expect(await stage.points('systole.activity.schedule_to_start.duration')).toEqual([
      [{ count: 2, sum: 0 }, { [type]: 'importRows' }],
      [{ count: 1, sum: 0 }, { [type]: 'hangs' }],
      [{ count: 1, sum: 1 }, { [type]: 'waits' }], // due at 1 s, a slot at 2 s
    ]);
    expect(await stage.points('systole.activity.execution.duration')).toEqual([
      [
        { count: 1, sum: 2 },
        { [type]: 'importRows', [status]: 'FAILED' },
      ],
      [
        { count: 1, sum: 3 },
        { [type]: 'hangs', [status]: 'TIMED_OUT' },
      ],
      [
        { count: 1, sum: 2 },
        { [type]: 'waits', [status]: 'FAILED' },
      ],
      [
        { count: 1, sum: 1 },
        { [type]: 'importRows', [status]: 'COMPLETED' },
      ],
    ]);
    expect(await stage.points('systole.activity.end_to_end.duration')).toEqual([
      [
        { count: 1, sum: 3 },
        { [type]: 'hangs', [status]: 'TIMED_OUT' },
      ],
      [
        { count: 1, sum: 4 },
        { [type]: 'waits', [status]: 'FAILED' },
      ],
      [
        { count: 1, sum: 4 },
        { [type]: 'importRows', [status]: 'COMPLETED' },
      ],
    ]);
    expect(await stage.points('systole.activity.attempts.failed')).toEqual([
      [1, { [type]: 'importRows', 'error.type': 'TypeError' }],
      [
        1,
        {
          [type]: 'hangs',
          'error.type': 'TimeoutFailure',
          'systole.timeout_type': 'START_TO_CLOSE',
        },
      ],
      [1, { [type]: 'waits', 'error.type': 'TypeError' }],
    ]);
    expect(await stage.points('systole.activity.attempts.abandoned')).toEqual([
      [1, { [type]: 'hangs' }],
    ]);
    expect(await stage.points('systole.activity.heartbeats')).toEqual([
      [4, { [type]: 'importRows' }],
      [2, { [type]: 'waits' }],
    ]);
  });

  test('do not count a pause, a reset or a cancellation as a failure', async () => {
    const stage = new Stage();
    const options = { activityType: 'importRows', cancellationDelivery: 'immediate' } as const;
    const handle = stage.h.start((ctx: ActivityContext) => ctx.cancelled, options);
    for (const act of ['pause', 'unpause', 'reset', 'cancel'] as const) {
      handle[act]();
      await stage.h.advance(0);
    }
    await handle.result().catch(() => {});
    expect(await stage.points('systole.activity.attempts.failed')).toEqual([]);
    const outcomes = (await stage.points('systole.activity.execution.duration')) as [
      unknown,
      Record<string, string>,
    ][];
    expect(outcomes.map(([, attributes]) => attributes['systole.status'])).toEqual([
      'PAUSED',
      'RESET',
      'CANCELED',
    ]);
  });

  test('add up over several runtimes, with one interceptor or two', async () => {
    const memory = new Memory();
    const one = openTelemetry(memory);
    const runtimes = [one, one, openTelemetry(memory)].map(
      (interceptor) => new Harness({ interceptors: [interceptor], maxConcurrentActivities: 3 }),
    );
    // The same id in each: they are told apart.
    for (const h of runtimes) void h.run(never, { activityId: 'same', ...ONCE }).catch(() => {});
    const metrics = await memory.metrics();
    expect(metrics.get('systole.slots.used')?.points).toEqual([{ attributes: {}, value: 3 }]);
    expect(metrics.get('systole.slots.available')?.points).toEqual([{ attributes: {}, value: 6 }]);
    for (const h of runtimes) h.engine.executions()[0]!.complete(undefined);
    expect(memory.spans).toHaveLength(6);
  });

  test('have no number of free slots without a limit', async () => {
    const stage = new Stage();
    await stage.h.run(() => 1);
    expect(await stage.points('systole.slots.available')).toEqual([]);
    expect(await stage.points('systole.slots.used')).toEqual([[0, {}]]);
  });
});

test('every name that dashboards depend on is as documented', async () => {
  const stage = new Stage({ maxConcurrentActivities: 1 });
  const { h } = stage;
  await Promise.all([
    h
      .run(
        async (ctx: ActivityContext) => {
          ctx.heartbeat(1);
          if (ctx.info.attempt === 1) await never();
          throw new Error('no');
        },
        {
          activityType: 'importRows',
          heartbeatTimeout: 100,
          retryPolicy: { maximumAttempts: 2, initialInterval: 1 },
        },
      )
      .catch(() => {}),
    h.advance(1_000),
  ]);
  const keys = new Set(stage.memory.spans.flatMap(({ attributes }) => Object.keys(attributes)));
  expect([...keys].sort()).toEqual([
    'error.type',
    'systole.activity.id',
    'systole.activity.type',
    'systole.attempt',
    'systole.retry_state',
    'systole.status',
    'systole.timeout_type',
  ]);
  const units = [...(await stage.memory.metrics())].map(([name, { unit }]) => [name, unit]);
  expect(Object.fromEntries(units)).toEqual({
    'systole.activity.schedule_to_start.duration': 's',
    'systole.activity.execution.duration': 's',
    'systole.activity.end_to_end.duration': 's',
    'systole.activity.attempts.failed': '{attempt}',
    'systole.activity.attempts.abandoned': '{attempt}',
    'systole.activity.heartbeats': '{heartbeat}',
    'systole.slots.used': '{slot}',
    'systole.slots.available': '{slot}',
    'systole.activities': '{activity}',
  });
});

describe('ctx.log', () => {
  test('carries the ids of the span that is active', async () => {
    const stage = new Stage();
    await stage.h.run(
      (ctx: ActivityContext) => {
        ctx.log.info('outside');
        stage.inSpan('insert', () => ctx.log.warn('inside', { row: 7 }));
        ({ ...ctx }).log.debug('spread');
      },
      { activityType: 'importRows' },
    );
    const attempt = stage.memory.span('RunActivity:importRows').spanContext();
    const insert = stage.memory.span('insert').spanContext();
    expect(stage.h.logs).toEqual(
      [
        { level: 'info', message: 'outside', span: attempt },
        { level: 'warn', message: 'inside', span: insert, row: 7 },
        { level: 'debug', message: 'spread', span: attempt },
      ].map(({ level, message, span, ...more }) => ({
        level,
        message,
        attributes: {
          activityId: expect.any(String) as string,
          activityType: 'importRows',
          attempt: 1,
          trace_id: span.traceId,
          span_id: span.spanId,
          ...more,
        },
      })),
    );
  });

  test('has no ids without an SDK', async () => {
    const h = new Harness({ interceptors: [openTelemetry()] });
    await h.run((ctx) => ctx.log.info('alone'));
    expect(h.logs[0]!.attributes).not.toHaveProperty('trace_id');
  });
});

test('providers may be registered after the runtime was made', async () => {
  const memory = new Memory();
  const runtime = new ActivityRuntime({ interceptors: [openTelemetry()] });
  trace.setGlobalTracerProvider(memory.tracerProvider);
  metrics.setGlobalMeterProvider(memory.meterProvider);
  try {
    await runtime.run(() => 1, { activityType: 'importRows' });
    expect(memory.tree).toEqual(['Activity:importRows', '  RunActivity:importRows']);
    expect((await memory.metrics()).size).toBeGreaterThan(3);
  } finally {
    trace.disable();
    metrics.disable();
  }
});

test('a provider that fails is logged, and touches no activity', async () => {
  const broken = {
    getTracer: () => {
      throw new Error('no tracer today');
    },
  };
  const h = new Harness({ interceptors: [openTelemetry({ tracerProvider: broken })] });
  const run = h.run((ctx) => {
    ctx.heartbeat(1);
    ctx.log.info('fine');
    return 7;
  });
  expect(await run).toBe(7);
  expect(h.logs.map(({ message }) => message)).toContain("A listener of 'scheduled' failed");
});

test('an attempt that a listener starts has its own span before its function is called', async () => {
  const stage = new Stage();
  const seen: unknown[] = [];
  const handle = stage.h.start(
    async (ctx: ActivityContext) => {
      seen.push({ attempt: ctx.info.attempt, span: attemptOf(trace.getActiveSpan()) });
      if (seen.length === 1) await ctx.cancelled;
    },
    { activityType: 'importRows', cancellationDelivery: 'immediate' },
  );
  stage.h.engine.events.add('attemptFailed', () => handle.unpause(), false);
  handle.pause();
  await handle.result();
  expect(seen).toEqual([
    { attempt: 1, span: 1 },
    { attempt: 2, span: 2 },
  ]);
  expect(stage.tree).toEqual([
    'Activity:importRows',
    '  RunActivity:importRows (paused)',
    '  RunActivity:importRows',
  ]);
});

test.each([1, 2])(
  'what is told about attempt %d after a listener has reset the activity is about that attempt',
  async (number) => {
    const stage = new Stage();
    let runs = 0;
    const handle = stage.h.start(
      (ctx: ActivityContext): unknown => {
        ctx.heartbeat(1);
        return ++runs > number ? 'done' : never();
      },
      { activityType: 'importRows', startToCloseTimeout: '1s' },
    );
    const reset = ({ attempt }: { attempt: number }): void => {
      if (attempt === number && runs === number) handle.reset();
    };
    stage.h.engine.events.add('attemptFailed', reset, false);
    await stage.h.advance(60_000);
    await handle.result();
    const hung = '  RunActivity:importRows ERROR (heartbeat, timed_out, exception, abandoned)';
    expect(stage.tree).toEqual([
      'Activity:importRows',
      ...Array<string>(number).fill(hung),
      '  RunActivity:importRows (heartbeat)',
    ]);
    expect(stage.h.logs.filter(({ level }) => level === 'error')).toEqual([]);
  },
);

test.each<[options: object | null, message: string]>([
  [
    { tracer: 1 },
    'openTelemetry has no option "tracer"; known options: tracerProvider, meterProvider, details',
  ],
  [{ details: 'yes' }, 'openTelemetry details: received "yes"; expected true or false'],
  [
    { tracerProvider: {} },
    'openTelemetry tracerProvider: received an object; expected a TracerProvider',
  ],
  [{ meterProvider: 5 }, 'openTelemetry meterProvider: received 5; expected a MeterProvider'],
  [null, 'openTelemetry: received null; expected an object such as { details: true }'],
])('openTelemetry refuses the options %o', (options, message) => {
  expect(() => openTelemetry(options as never)).toThrow(message);
});

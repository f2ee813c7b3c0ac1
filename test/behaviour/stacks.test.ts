/** The stacks of errors: they show the line of the user's code, not those of the runtime. */
import { describe, expect, test } from 'vitest';
import { contextInterceptor, heartbeat } from '../../src/context.js';
import {
  ActivityFailure,
  ActivityRuntime,
  defaultRuntime,
  parseDuration,
  pinoLogger,
  proxyActivities,
  retryAfter,
  runActivity,
  startActivity,
  TimeoutFailure,
  type ActivityContext,
  type ActivityOptions,
  type Duration,
} from '../../src/index.js';
import { durableStore, type LedgerStore } from '../../src/durable.js';
import { fileStore } from '../../src/node.js';
import { openTelemetry } from '../../src/otel.js';
import { sqliteStore } from '../../src/sqlite.js';
import { webStore } from '../../src/web.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import { record } from '../../src/timeline.js';
import { Harness, never } from '../support/harness.js';
import { MemoryDisk } from '../support/ledger-store.js';

const ledgerStore = (): LedgerStore => new MemoryDisk().store();

const ONCE = { retryPolicy: { maximumAttempts: 1 } };
const ONCE_FOR_10_MS = { ...ONCE, startToCloseTimeout: 10 };

/** The frames of a stack, each beginning with the name of its function. */
function framesOf(error: unknown): string[] {
  const { stack = '' } = error as Error;
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  return frames.map((line) => line.trim().replace(/^at (async )?/, ''));
}

async function failureOf(calling: Promise<unknown>): Promise<ActivityFailure> {
  try {
    await calling;
  } catch (error) {
    if (error instanceof ActivityFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the stack of a failed activity shows the code that awaits it', () => {
  async function timedOut(wait: (harness: Harness) => Promise<unknown>): Promise<ActivityFailure> {
    const harness = new Harness();
    const failure = failureOf(wait(harness));
    await harness.advance(20);
    return failure;
  }

  test('with a direct await', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, ONCE_FOR_10_MS);
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll .*stacks\.test\.ts/);
  });

  test('in the stack of its timeout too', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, ONCE_FOR_10_MS);
    });
    expect(failure.cause).toBeInstanceOf(TimeoutFailure);
    expect(framesOf(failure.cause)[0]).toMatch(/^uploadAll /);
  });

  test('after a timeout that leaves no time for a retry', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, { startToCloseTimeout: 10, scheduleToCloseTimeout: 100 });
    });
    expect(failure.cause).toMatchObject({ timeoutType: 'SCHEDULE_TO_CLOSE' });
    expect(framesOf(failure.cause)[0]).toMatch(/^uploadAll /);
  });

  test('through functions that return the promise', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const upload = async (): Promise<unknown> => harness.run(never, ONCE_FOR_10_MS);
      await upload();
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('with the right one of many activities', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const slow = { ...ONCE, startToCloseTimeout: 500 };
      await Promise.all([slow, ONCE_FOR_10_MS, slow].map((options) => harness.run(never, options)));
    });
    expect(framesOf(failure)[0]).toBe('Promise.all (index 1)');
    expect(framesOf(failure)[1]).toMatch(/^uploadAll /);
  });

  test('through then, finally and race', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const running = harness.run(never, ONCE_FOR_10_MS);
      await Promise.race([running.then((rows) => rows).finally(() => undefined), never()]);
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('with the result of a handle', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.start(never, ONCE_FOR_10_MS).result();
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when it is cancelled', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const handle = harness.start(never);
      setImmediate(() => handle.cancel());
      await handle.result();
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when its signal had already aborted before the call', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, { signal: AbortSignal.abort() });
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when it joined an activity and its own signal aborts', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const options: ActivityOptions = { activityId: 'a', idConflictPolicy: 'USE_EXISTING' };
      void harness.run(never, options);
      const controller = new AbortController();
      setImmediate(() => controller.abort());
      await harness.run(never, { ...options, signal: controller.signal });
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when a function throws, and the thrown error keeps its own stack', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(async function upload() {
        await Promise.resolve();
        throw new Error('no route');
      }, ONCE);
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
    expect(framesOf(failure.cause)[0]).toMatch(/^upload /);
  });
});

describe('the stack of an error that a function throws within the call shows the caller', () => {
  test.each([
    [
      'a synchronous one',
      function upload(): never {
        throw new Error('no route');
      },
    ],
    [
      'an async one before its first await',
      async function upload(): Promise<never> {
        throw new Error('no route');
      },
    ],
  ])('%s', async (_, upload) => {
    const harness = new Harness();
    async function uploadAll(): Promise<void> {
      await harness.run(upload, ONCE);
    }
    const { cause } = await failureOf(uploadAll());
    expect(framesOf(cause)[0]).toMatch(/^upload /);
    expect(framesOf(cause)).toContainEqual(expect.stringMatching(/^uploadAll /));
  });

  test('and the stack limit is restored', async () => {
    const { stackTraceLimit } = Error;
    await failureOf(
      new Harness().run(() => {
        throw new Error('no route');
      }, ONCE),
    );
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  test('and a stack limit that the function sets is kept', async () => {
    const { stackTraceLimit } = Error;
    try {
      await new Harness().run(() => (Error.stackTraceLimit = 3));
      expect(Error.stackTraceLimit).toBe(3);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});

describe('the stack of a refused call starts with the line of the call', () => {
  const bad = { heartbeatTimeout: -1 };
  const activities = { upload: () => 'done' };
  const noToken = 'no token';

  const calls: Record<string, () => unknown> = {
    runActivity: () => runActivity(never, bad),
    'runActivity of a misspelt option': () => runActivity(never, { heartbeatTimout: 5 } as object),
    startActivity: () => startActivity(never, bad),
    'startActivity without a function': () => startActivity({} as () => void),
    proxyActivities: () => proxyActivities(5 as unknown as object),
    'a proxied activity': () => proxyActivities(activities, bad).upload(),
    'new ActivityRuntime': () => new ActivityRuntime({ maxWaiting: -1 }),
    'runtime.run': () => defaultRuntime().run(never, bad),
    'runtime.start': () => defaultRuntime().start(never, bad),
    'runtime.proxy': () => defaultRuntime().proxy(activities, bad).upload(),
    'runtime.getHandle': () => defaultRuntime().getHandle('none'),
    'runtime.on': () => defaultRuntime().on('failing' as 'failed', () => undefined),
    'runtime.shutdown': () => new ActivityRuntime().shutdown({ gracePeriod: -1 }),
    'completion.complete': () => defaultRuntime().completion.complete(noToken),
    'completion.fail': () => defaultRuntime().completion.fail(noToken, 1),
    'completion.heartbeat': () => defaultRuntime().completion.heartbeat(noToken),
    'completion.reportCancellation': () => defaultRuntime().completion.reportCancellation(noToken),
    'runtime.getHandle without an id': () => defaultRuntime().getHandle(undefined as never),
    'runtime.recover': () => new ActivityRuntime({ store: ledgerStore() }).recover(5 as never),
    'runtime.recover after a shutdown': async () => {
      const runtime = new ActivityRuntime({ store: ledgerStore() });
      void runtime.shutdown();
      return runtime.recover({});
    },
    'runtime.recover without a ledger': () => new ActivityRuntime().recover({}),
    fileStore: () => fileStore(42 as never),
    'fileStore.get without an id': () => fileStore('unused').get(undefined as never),
    'fileStore.close without an id': () => fileStore('unused').close(undefined as never),
    sqliteStore: () => sqliteStore('', {}),
    'webStore outside a browser': () => webStore(),
    'sqliteStore with a misspelt option': () => sqliteStore('unused', { sync: 'full' } as object),
    durableStore: () => durableStore({} as never),
    parseDuration: () => parseDuration('soon'),
    openTelemetry: () => openTelemetry({ tracerProvider: 5 as never }),
    pinoLogger: () => pinoLogger(console.log as never),
    record: () => record(defaultRuntime(), { limit: 0 }),
    'retryAfter of a promise': () => retryAfter(Promise.resolve('5') as never),
    'retryAfter of a number': () => retryAfter(5 as never),
    'retryAfter of a misspelt option': () => retryAfter('5', { maximum: '1m' } as object),
    'env.run': () => new TestActivityEnvironment().run(never, bad),
    'env.start': () => new TestActivityEnvironment().start(never, bad),
    'env.proxy': () => new TestActivityEnvironment().proxy(activities, bad).upload(),
  };
  const closed = new Harness().start(() => 'done');
  for (const name of ['terminate', 'pause', 'unpause', 'complete', 'fail', 'heartbeat'] as const) {
    calls[`handle.${name}`] = () => (closed[name] as () => void)();
  }
  calls['handle.reportCancellation'] = () => closed.reportCancellation();
  calls['handle.reset'] = () => closed.reset();
  calls['handle.updateOptions'] = () => closed.updateOptions({});

  test.each(Object.entries(calls))('%s', async (_, call) => {
    await closed.result();
    const error = await (async function caller() {
      return call();
    })().then(
      () => undefined,
      (refused: unknown) => refused,
    );
    expect(framesOf(error)[0]).toMatch(/stacks\.test\.ts/);
    expect(framesOf(error)[1]).toMatch(/^caller /);
  });

  test('for new ActivityRuntime of a derived class', () => {
    class Runtime extends ActivityRuntime {}
    const make = (): unknown => new Runtime({ maxWaiting: -1 });
    expect(framesOf(thrownBy(make))[0]).toMatch(/^make /);
  });

  test("but an error from a user's getter keeps its own stack", () => {
    const options = {
      get heartbeatTimeout(): number {
        throw new Error('no config');
      },
    };
    const error = thrownBy(() => startActivity(never, options));
    expect(framesOf(error)[0]).toMatch(/heartbeatTimeout /);
  });
});

describe('the stack of a refused call of the context starts with the line of the call', () => {
  async function refusedIn(call: (ctx: ActivityContext) => unknown): Promise<unknown> {
    const h = new Harness({ interceptors: [contextInterceptor] });
    const failing = failureOf(h.run(async (ctx) => call(ctx), ONCE));
    return (await failing).cause;
  }
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const deep = { rows: [{ a: { b: [() => 1] } }] };

  test.each<[string, (ctx: ActivityContext) => unknown]>([
    ['heartbeat of a function', (ctx) => ctx.heartbeat(() => 1)],
    ['heartbeat of a deeply nested function', (ctx) => ctx.heartbeat(deep)],
    ['heartbeat of a cycle', (ctx) => ctx.heartbeat(cyclic)],
    ['heartbeat of too large details', (ctx) => ctx.heartbeat('x'.repeat(3_000_000))],
    ['a bound heartbeat', ({ heartbeat: beat }) => beat(deep)],
    ['heartbeat of a copy', (ctx) => ({ ...ctx }).heartbeat(deep)],
    ['heartbeat of systole/context', () => heartbeat(deep)],
    ['watch with bad details', (ctx) => ctx.watch([] as never, { details: 5 as never })],
    ['sleep', (ctx) => ctx.sleep(-1)],
    ['keepAlive', (ctx) => ctx.keepAlive(never(), { every: 'soon' as Duration })],
  ])('%s', async (_, call) => {
    const error = await refusedIn(function upload(ctx) {
      return call(ctx);
    });
    expect(framesOf(error)[0]).toMatch(/stacks\.test\.ts/);
    expect(framesOf(error)[1]).toMatch(/^upload /);
  });

  test('for a handle that heartbeats for a function', () => {
    const handle = new Harness().start(never);
    const beat = (): void => handle.heartbeat(deep);
    expect(framesOf(thrownBy(beat))[0]).toMatch(/^beat /);
  });

  test('but an error from an interceptor in a heartbeat keeps its own stack', async () => {
    const refuse = (): never => {
      throw new Error('not here');
    };
    const h = new Harness({ interceptors: [{ heartbeat: refuse }] });
    const { cause } = await failureOf(h.run((ctx) => ctx.heartbeat(1), ONCE));
    expect(framesOf(cause)[0]).toMatch(/^(Object\.)?refuse /);
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('it threw nothing');
}

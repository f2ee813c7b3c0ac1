/** Failures that no caller and no listener receives are logged. */
import { describe, expect, test } from 'vitest';
import {
  ActivityRuntime,
  ApplicationFailure,
  CancelledFailure,
  HeartbeatStoreError,
  TimeoutFailure,
  type ActivityContext,
} from '../../src/index.js';
import { ActivityHandle } from '../../src/runtime/handle.js';
import { Harness, never } from '../support/harness.js';
import { collectUnhandledRejections, failureOf } from '../support/outcomes.js';

const boom = new Error('boom');
const fail = (): Promise<never> => Promise.reject(boom);
const once = {
  activityId: 'i',
  activityType: 't',
  retryPolicy: { maximumAttempts: 1 },
} as const;
const NOBODY = "No one called result() or listens to 'failed'";
const TOLD = 'Activity t failed after its caller was told that it was cancelled: Error: boom';

/** A runtime without listeners. */
const quiet = (options: ConstructorParameters<typeof Harness>[0] = {}): Harness =>
  new Harness(options, false);

const errorsOf = (h: Harness): Harness['logs'] => h.logs.filter(({ level }) => level === 'error');
const messagesOf = (h: Harness): string[] => errorsOf(h).map(({ message }) => message);

describe('the failure of a started activity whose result() is never called', () => {
  test('is logged once at ERROR, with its cause', async () => {
    const h = quiet();
    h.start(fail, once);
    await h.advance(1_000);
    expect(h.logs).toEqual([
      {
        level: 'error',
        message: `Activity t failed at attempt 1 (MAXIMUM_ATTEMPTS_REACHED): Error: boom. ${NOBODY}`,
        attributes: { activityId: 'i', activityType: 't', attempt: 1, error: boom },
      },
    ]);
    expect(h.clock.pending).toBe(0);
  });

  test('is logged by the default logger and does not end the process', async () => {
    const rejections = collectUnhandledRejections();
    const lines: unknown[][] = [];
    const error = console.error;
    console.error = (...line: unknown[]) => void lines.push(line);
    try {
      new ActivityRuntime().start(fail, once);
      while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    } finally {
      console.error = error;
    }
    expect(lines).toHaveLength(1);
    expect(String(lines[0]?.[0])).toContain(`Error: boom. ${NOBODY}`);
    expect(lines[0]?.at(-1)).toMatchObject({ error: boom });
    expect(rejections.stop()).toEqual([]);
  });

  test('is logged for a timeout and for a store that cannot be read', async () => {
    const timingOut = quiet();
    timingOut.start(never, { ...once, startToCloseTimeout: 10 });
    await timingOut.advance(1_000);
    expect(errorsOf(timingOut)).toMatchObject([
      { attributes: { error: expect.any(TimeoutFailure) as unknown } },
    ]);
    const store = { get: fail, set: () => {}, delete: () => {} };
    const unread = quiet({ store });
    unread.start(fail, once);
    await unread.advance(1_000);
    expect(errorsOf(unread)).toMatchObject([
      { attributes: { attempt: 0, error: expect.any(HeartbeatStoreError) as unknown } },
    ]);
  });

  test('is logged at DEBUG if it is BENIGN', async () => {
    const h = quiet();
    const benign = ApplicationFailure.create({ message: 'not yet', category: 'BENIGN' });
    h.start(() => Promise.reject(benign), once);
    await h.advance(1_000);
    expect(h.logs).toMatchObject([{ level: 'debug', attributes: { error: benign } }]);
  });

  test.each<[string, (h: Harness) => unknown]>([
    [
      'result() was called before',
      (h) =>
        h
          .start(fail, once)
          .result()
          .catch(() => {}),
    ],
    [
      'result() is called in the turn of the failure',
      async (h) => {
        const handle = h.start(fail, once);
        await handle.settled();
        await handle.result().catch(() => {});
      },
    ],
    [
      'another handle calls result()',
      (h) => {
        h.start(fail, once);
        return handleOf(h)
          .result()
          .catch(() => {});
      },
    ],
    [
      'a run has joined it',
      (h) => {
        h.start(fail, once);
        return h.run(fail, { ...once, idConflictPolicy: 'USE_EXISTING' }).catch(() => {});
      },
    ],
    [
      'a listener gets it',
      (h) => {
        h.engine.events.add('failed', () => {}, true);
        h.start(fail, once);
      },
    ],
  ])('is not logged if %s', async (_, begin) => {
    const h = quiet();
    await begin(h);
    await h.advance(1_000);
    expect(h.logs).toEqual([]);
  });

  test('is logged although systole itself listens to events', async () => {
    const h = quiet();
    h.engine.events.watch('failed', () => {});
    h.start(fail, once);
    await h.advance(1_000);
    expect(errorsOf(h)).toHaveLength(1);
  });

  test('is logged although a passive listener gets it', async () => {
    const heard: unknown[] = [];
    const logged = new Promise<string>((resolve) => {
      const ignore = (): void => {};
      const logger = { debug: ignore, info: ignore, warn: ignore, error: resolve };
      const runtime = new ActivityRuntime({ logger });
      runtime.on('failed', ({ failure }) => heard.push(failure), { passive: true });
      runtime.start(fail, once);
    });
    expect(await logged).toContain(NOBODY);
    expect(heard).toEqual([boom]);
  });

  test('is not logged if a listener gets it after passive ones were removed', async () => {
    const h = quiet();
    const remove = h.engine.events.add('failed', () => {}, false, true);
    remove();
    remove();
    h.engine.events.add('failed', () => {}, false);
    h.engine.events.add('failed', () => {}, false, true);
    h.start(fail, once);
    await h.advance(1_000);
    expect(h.logs).toEqual([]);
  });

  test('is logged only once, although result() is called later', async () => {
    const h = quiet();
    const handle = h.start(fail, once);
    await h.advance(1_000);
    const late = h.watch(handle.result());
    await h.advance(1_000);
    expect(failureOf(late).cause).toBe(boom);
    expect(errorsOf(h)).toHaveLength(1);
  });

  test('is logged after the last write, until when result() may be called', async () => {
    let written!: () => void;
    const writing = new Promise<void>((resolve) => (written = resolve));
    const h = quiet({ store: { get: () => undefined, set: () => writing, delete: () => {} } });
    const handle = h.start((ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      throw boom;
    }, once);
    await h.advance(1_000);
    const asked = h.watch(handle.result());
    written();
    await h.advance(1_000);
    expect(failureOf(asked).cause).toBe(boom);
    expect(errorsOf(h)).toEqual([]);
  });
});

test.each<[string, (h: Harness) => unknown]>([
  ['cancelled', (h) => h.start(never, { ...once, startDelay: 9 }).cancel(new Error('why'))],
  ['terminated', (h) => h.start(never, once).terminate('why')],
  [
    'cancelled by an outside signal',
    (h) => h.start(never, { ...once, signal: AbortSignal.abort() }),
  ],
  [
    'shut down',
    (h) => {
      h.start((ctx) => ctx.sleep('1h'), once);
      return h.engine.shutdown();
    },
  ],
])(
  'the failure of a started activity is not logged if the activity was %s, because that was wanted',
  async (_, end) => {
    const h = quiet();
    end(h);
    await h.advance(1_000);
    expect(h.logs).toEqual([]);
  },
);

test('the failure of a started activity is logged if a shutdown does not retry its error', async () => {
  const h = quiet();
  h.start(
    async (ctx) => {
      await ctx.cancelled.catch(() => {});
      throw boom;
    },
    { activityType: 't' },
  );
  await h.turn();
  void h.engine.shutdown();
  await h.advance(1_000);
  expect(messagesOf(h)).toEqual([
    `Activity t was cancelled at attempt 1: CancelledFailure: WORKER_SHUTDOWN. ${NOBODY}`,
  ]);
  expect(errorsOf(h)[0]?.attributes['error']).toMatchObject({ cause: boom });
});

describe('an error after the caller was told of a cancellation', () => {
  const cleaning = async (ctx: ActivityContext): Promise<void> => {
    await ctx.cancelled.catch(() => {});
    throw boom;
  };
  const logged = {
    level: 'error',
    message: TOLD,
    attributes: { activityId: 'i', activityType: 't', attempt: 1, error: boom },
  };

  test('is logged at ERROR for TRY_CANCEL, whether the activity was run or started', async () => {
    const controller = new AbortController();
    const ran = quiet();
    const run = ran.watch(ran.run(cleaning, { ...once, signal: controller.signal }));
    controller.abort();
    await ran.advance(1_000);
    expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
    expect(ran.logs).toEqual([logged]);

    const started = quiet();
    const handle = started.start(cleaning, { ...once, cancellationDelivery: 'immediate' });
    const result = started.watch(handle.result());
    handle.cancel();
    await started.advance(1_000);
    expect(failureOf(result).cause).toBeInstanceOf(CancelledFailure);
    expect(started.logs).toEqual([logged]);
  });

  test('is logged for ABANDON', async () => {
    const h = quiet();
    const sleepAndFail = async (ctx: ActivityContext): Promise<void> => {
      await ctx.sleep(10);
      throw boom;
    };
    const handle = h.start(sleepAndFail, { ...once, cancellationType: 'ABANDON' });
    handle.cancel();
    await h.advance(1_000);
    expect(messagesOf(h)).toEqual([TOLD]);
  });

  test('is not logged if a listener gets it or the caller waits for it', async () => {
    const heard = new Harness();
    const waiting = quiet();
    const options = { ...once, cancellationDelivery: 'immediate' } as const;
    heard.start(cleaning, options).cancel();
    const handle = waiting.start(cleaning, {
      ...options,
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    const result = waiting.watch(handle.result());
    handle.cancel();
    await heard.advance(1_000);
    await waiting.advance(1_000);
    expect(failureOf(result).cause).toBe(boom);
    expect([...heard.logs, ...waiting.logs]).toEqual([]);
  });

  test('does not exist if the function stops as requested', async () => {
    const h = quiet();
    const handle = h.start((ctx) => ctx.cancelled, { ...once, cancellationDelivery: 'immediate' });
    handle.cancel();
    await h.advance(1_000);
    expect(h.logs).toEqual([]);
  });
});

describe('the late error of an abandoned attempt', () => {
  const timedOut = async (h: Harness, thrown: unknown): Promise<void> => {
    const fn = async (ctx: ActivityContext): Promise<void> => {
      await ctx.cancelled.catch(() => {});
      throw thrown;
    };
    h.run(fn, { ...once, startToCloseTimeout: 10 }).catch(() => {});
    await h.advance(1_000);
  };

  test('is logged at ERROR', async () => {
    const h = quiet();
    await timedOut(h, boom);
    expect(h.logs).toEqual([
      {
        level: 'error',
        message: 'Attempt 1 of activity t had ended when its function threw: Error: boom',
        attributes: { activityId: 'i', activityType: 't', attempt: 1, error: boom },
      },
    ]);
  });

  test.each([
    ['an error that says it stopped', new DOMException('stop', 'AbortError')],
    ['its cancellation', new CancelledFailure('TIMED_OUT')],
  ])('is not logged if it is %s', async (_, thrown) => {
    const h = quiet();
    await timedOut(h, thrown);
    expect(h.logs).toEqual([]);
  });

  test('is not logged if the function left the activity open as it was told to', async () => {
    const h = quiet();
    const handle = h.start((ctx) => ctx.completeAsync(), once);
    handle.complete(undefined as never);
    await h.advance(1_000);
    expect(h.logs).toEqual([]);
  });

  test('is not logged if a listener of attemptSettled gets it', async () => {
    const h = new Harness();
    await timedOut(h, boom);
    expect(h.of('attemptSettled')).toMatchObject([{ error: boom }]);
    expect(h.logs).toEqual([]);
  });
});

test('an error after ctx.completeAsync() is logged', async () => {
  const h = quiet();
  h.run((ctx) => {
    try {
      ctx.completeAsync();
    } catch {
      throw boom;
    }
  }, once).catch(() => {});
  await h.advance(1_000);
  expect(messagesOf(h)).toEqual([
    'Attempt 1 of activity t was left open when its function threw: Error: boom',
  ]);
});

describe('a handle', () => {
  test('lets the host report an unhandled rejection of the promise that run has returned', async () => {
    const rejections = collectUnhandledRejections();
    const h = quiet();
    void h.run(fail, once);
    handleOf(h);
    await h.advance(1_000);
    expect(rejections.stop()).toMatchObject([{ cause: boom }]);
    expect(h.logs).toEqual([]);
  });
});

function handleOf(h: Harness): ActivityHandle {
  const execution = h.engine.find('i');
  return new ActivityHandle(execution, execution.result);
}

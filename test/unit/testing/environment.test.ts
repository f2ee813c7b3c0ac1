/** The environment runs the real engine: how time moves, and what is recorded. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import {
  ActivityNotFoundError,
  isTimeout,
  type ActivityContext,
  type ActivityFailure,
  type ActivityRunner,
} from 'systole';
import { crashAtEveryHeartbeat, TestActivityEnvironment, timeline } from 'systole/testing';
import { timelineSvg } from 'systole/timeline';
import { never } from '../../support/harness.js';
import { collectUnhandledRejections } from '../../support/outcomes.js';
import { cpuMs } from '../../support/cpu.js';

const boom = new Error('boom');
const failing = (): never => {
  throw boom;
};

test('an environment is an ActivityRunner: the handle of an id lets time skip', async () => {
  const env = new TestActivityEnvironment();
  const runner: ActivityRunner = env;
  void runner.start((ctx: ActivityContext) => ctx.sleep('1h').then(() => 'done'), {
    activityId: 'x',
  });
  expect(await env.getHandle('x').result()).toBe('done');
  expect(env.now()).toBe(3_600_000);
  expect(() => env.getHandle('x')).toThrow(ActivityNotFoundError);
});

describe('the time of an environment', () => {
  test('skips an hour of backoff at once', async () => {
    const tookMs: number[] = [];
    for (let run = 1; run <= 3; run++) {
      const env = new TestActivityEnvironment();
      const began = cpuMs();
      const attempts = await env.run(
        (ctx) => {
          if (ctx.info.attempt < 3) throw boom;
          return ctx.info.attempt;
        },
        { retryPolicy: { initialInterval: '1h', backoffCoefficient: 1 } },
      );
      tookMs.push(cpuMs() - began);
      expect(attempts).toBe(3);
      expect(env.now()).toBe(7_200_000);
    }
    expect(Math.min(...tookMs)).toBeLessThan(50);
  });

  test('does not skip past a function that the next attempt waits for, even without a slot', async () => {
    const env = new TestActivityEnvironment();
    let over = false;
    const seen = await env.run(
      async (ctx): Promise<boolean> => {
        if (ctx.info.attempt > 1) return over;
        try {
          return ctx.completeAsync();
        } finally {
          await ctx.sleep('2s').catch(() => {}); // until the attempt has timed out
          await new Promise((resolve) => setTimeout(resolve, 20));
          over = true;
        }
      },
      { startToCloseTimeout: '1s', attemptOverlap: '1m' },
    );
    expect(seen).toBe(true);
    expect(env.now()).toBeLessThan(60_000);
  });

  test('is known as the close time of an activity that closes inside start()', () => {
    const get = (): never => {
      throw boom;
    };
    const env = new TestActivityEnvironment({ store: { get, set: () => {}, delete: () => {} } });
    const handle = env.start(never, { activityId: 'x' });
    expect(handle.describe()).toMatchObject({
      status: 'FAILED',
      closeTime: expect.any(Date) as unknown,
    });
  });

  test('skips a sleep and the waits of keepAlive', async () => {
    const env = new TestActivityEnvironment();
    await env.run((ctx) => ctx.sleep('1 day'));
    expect(env.now()).toBe(86_400_000);
    const stuck = env.run((ctx) => ctx.keepAlive(never()), {
      startToCloseTimeout: '1h',
      heartbeatTimeout: '1m',
      retryPolicy: { maximumAttempts: 1 },
    });
    await expect(stuck).rejects.toSatisfy((error) => isTimeout(error, 'START_TO_CLOSE'));
    expect(env.attempts.at(-1)?.heartbeats).toHaveLength(180);
  });

  test('skips the waits of an activity that another one awaits in keepAlive', async () => {
    const env = new TestActivityEnvironment();
    const inner = (ctx: ActivityContext) => ctx.sleep('1h');
    await env.run((ctx) => ctx.keepAlive(() => env.run(inner)));
    expect(env.now()).toBe(3_600_000);
  });

  test('stands still while a function works, however long it takes', async () => {
    const env = new TestActivityEnvironment();
    const length = await env.run(
      async (ctx) => {
        const text = await readFile('package.json', 'utf8');
        await new Promise((resolve) => setTimeout(resolve, 20));
        await ctx.sleep('1s');
        return text.length;
      },
      { heartbeatTimeout: '2s', startToCloseTimeout: '2s' },
    );
    expect(length).toBeGreaterThan(100);
    expect(env.now()).toBe(1_000);
  });

  test('stands still while any of several functions works', async () => {
    const env = new TestActivityEnvironment();
    let done!: () => void;
    const working = env.run(() => new Promise<void>((resolve) => (done = resolve)));
    const sleeping = env.run((ctx) => ctx.sleep('1h'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(env.now()).toBe(0);
    done();
    await working;
    await sleeping;
    expect(env.now()).toBe(3_600_000);
  });

  test('stands still while a store is read or written', async () => {
    const slowly = <T>(value: T): Promise<T> =>
      new Promise((resolve) => setTimeout(resolve, 5, value));
    const env = new TestActivityEnvironment({
      store: { get: () => slowly('{"json":3}'), set: slowly, delete: slowly },
    });
    const other = env.start((ctx) => ctx.sleep('1h'));
    const details = await env.run((ctx: ActivityContext<number>) => ctx.heartbeatDetails, {
      activityId: 'x',
    });
    expect([details, env.now()]).toEqual([3, 0]);
    other.terminate();
  });

  test('continues when a store has answered, for a delayed activity', async () => {
    const slowly = (): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, 20));
    const env = new TestActivityEnvironment({
      store: { get: slowly, set: () => {}, delete: () => {} },
    });
    const options = { activityId: 'x', startDelay: '1h', scheduleToCloseTimeout: '3h' } as const;
    expect(await env.run(() => env.now(), options)).toBe(3_600_000);
  });

  test('continues when the last write of an earlier run is over', async () => {
    const stored = new Map<string, string>();
    const env = new TestActivityEnvironment({
      logger: false,
      store: {
        get: (id) => stored.get(id),
        set: (id, text) => new Promise((resolve) => setTimeout(resolve, 20, stored.set(id, text))),
        delete: (id) => stored.delete(id),
      },
    });
    const earlier = env.start(
      (ctx) => {
        ctx.heartbeat(1);
        throw boom;
      },
      { activityId: 'x', retryPolicy: { maximumAttempts: 1 } },
    );
    await env.advance(0);
    expect(earlier.describe().status).toBe('FAILED');
    const options = { activityId: 'x', startDelay: '1h', scheduleToCloseTimeout: '3h' } as const;
    const now = await env.run((ctx) => [ctx.heartbeatDetails, env.now()], options);
    expect(now).toEqual([1, 3_600_000]);
  });

  test('continues for an attempt that was left open', async () => {
    const env = new TestActivityEnvironment();
    const run = env.run((ctx) => ctx.completeAsync(), {
      startToCloseTimeout: '1h',
      retryPolicy: { maximumAttempts: 1 },
    });
    await expect(run).rejects.toSatisfy((error) => isTimeout(error, 'START_TO_CLOSE'));
    expect(env.now()).toBe(3_600_000);
  });

  test('does not move for start() alone, but for its result()', async () => {
    const env = new TestActivityEnvironment();
    const handle = env.start((ctx) => ctx.sleep('1h'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(env.now()).toBe(0);
    await handle.result();
    expect(env.now()).toBe(3_600_000);
  });

  test('moves for settled() too, while the function continues after its cancellation', async () => {
    await using env = new TestActivityEnvironment();
    const handle = env.start(async (ctx) => {
      for (;;) {
        await env.sleep('30s');
        ctx.heartbeat();
        ctx.signal.throwIfAborted();
      }
    });
    const told = handle.result().catch(() => env.now());
    handle.cancel();
    expect(await told).toBe(0);
    await handle.settled();
    expect(env.now()).toBe(30_000);
  });

  test('moves only by hand with autoSkip: false', async () => {
    const env = new TestActivityEnvironment({ autoSkip: false });
    const run = env.run((ctx) => ctx.sleep('1h'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await env.advance('59 minutes');
    expect(env.now()).toBe(3_540_000);
    await env.advance('1 minute');
    await run;
  });

  test('moves past hanging functions by hand', async () => {
    const env = new TestActivityEnvironment();
    const run = env.run(never, { heartbeatTimeout: '10s', retryPolicy: { maximumAttempts: 1 } });
    await env.advance('10s');
    await expect(run).rejects.toSatisfy((error) => isTimeout(error, 'HEARTBEAT'));
  });

  test.each([NaN, -1, Infinity, '5'])('cannot be moved by %j', async (duration) => {
    const env = new TestActivityEnvironment();
    await expect(env.advance(duration as number)).rejects.toThrow(/^advance: received/);
  });

  test('passes without a turn of the event loop while it is blocked, and no timeout comes of it', async () => {
    const env = new TestActivityEnvironment();
    const resize = async (ctx: ActivityContext<number>): Promise<string> => {
      ctx.heartbeat(1);
      env.blockEventLoop('15s');
      ctx.heartbeat(2);
      await ctx.sleep('1s');
      return 'done';
    };
    const options = { heartbeatTimeout: '10s', retryPolicy: { maximumAttempts: 1 } } as const;
    expect(await env.run(resize, options)).toBe('done');
    expect(env.now()).toBe(16_000);
    const blocks = env.recording.toJSON().filter(({ event }) => event === 'blocked');
    expect(blocks).toMatchObject([{ blockedMs: 15_000 }]);
    expect(timelineSvg(env.recording)).toContain('The event loop was blocked for 15 s at 0 ms');
  });

  test.each([NaN, -1, Infinity, '5'])('cannot be blocked for %j', (duration) => {
    const env = new TestActivityEnvironment();
    expect(() => env.blockEventLoop(duration as number)).toThrow(/^blockEventLoop: received/);
  });

  test.each([
    ['with channels', MessageChannel],
    ['without, as in jsdom', undefined],
  ])('needs no timers that may be fake: %s', async (_, channel) => {
    vi.stubGlobal('MessageChannel', channel);
    vi.useFakeTimers();
    try {
      const env = new TestActivityEnvironment();
      await env.run((ctx) => ctx.sleep('1h'));
      expect(env.now()).toBe(3_600_000);
    } finally {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    }
  });

  test('is the same in every run, including jitter and timestamps', async () => {
    const delays = async (): Promise<unknown[]> => {
      const env = new TestActivityEnvironment();
      await env.run(failing, { retryPolicy: { jitter: 1, maximumAttempts: 3 } }).catch(() => {});
      return env.events.map(({ name, timestamp }) => [name, timestamp]);
    };
    expect(await delays()).toEqual(await delays());
  });
});

describe('an activity that always fails', () => {
  test('ends with an error that names the option, and lets the test framework continue', async () => {
    const env = new TestActivityEnvironment();
    let breaths = 0;
    const breathing = setInterval(() => breaths++, 1);
    const failure = (await env.run(failing).catch((error: unknown) => error)) as ActivityFailure;
    clearInterval(breathing);
    expect(failure.cause).toMatchObject({
      message: expect.stringMatching(
        /^Attempt 1000 failed.* allows only 1000 \(maxAttempts\)/,
      ) as string,
      cause: boom,
    });
    expect(env.attempts).toHaveLength(1_000);
    expect(breaths).toBeGreaterThan(0);
  });

  test('gets the number of its attempt, which may not have started at 1', async () => {
    const env = new TestActivityEnvironment();
    env.setHeartbeatDetails(1, { attempt: 2_000 });
    await expect(env.run(failing)).rejects.toThrow(/Attempt 2000 failed.* allows only 1000/);
  });

  test('may have a lower or higher limit', async () => {
    const few = new TestActivityEnvironment({ maxAttempts: 3 });
    await few.run(failing).catch(() => {});
    expect(few.attempts).toHaveLength(3);
    const more = new TestActivityEnvironment({ maxAttempts: 1_500 });
    await more.run(failing, { retryPolicy: { maximumAttempts: 1_200 } }).catch(() => {});
    expect(more.attempts).toHaveLength(1_200);
  });
});

test('an activity behaves the same in the environment as in production', async () => {
  const activity = async (ctx: ActivityContext<number>): Promise<string> => {
    const from = ctx.heartbeatDetails ?? 0;
    for (let step = from + 1; step <= 6; step++) {
      ctx.heartbeat(step);
      await ctx.sleep(20);
      if (step === ctx.info.attempt * 2) throw new Error(`at ${step}`);
    }
    return `from ${from}`;
  };
  const options = { heartbeatTimeout: '1s', retryPolicy: { initialInterval: 10 } } as const;
  const env = new TestActivityEnvironment();
  const { ActivityRuntime } = await import('systole');
  const [virtual, real] = await Promise.all([
    env.run(activity, options),
    new ActivityRuntime({ logger: false }).run(activity, options),
  ]);
  expect(virtual).toBe(real);
  expect(env.heartbeats).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('the environment records', () => {
  test('all attempts, with their details and how they ended', async () => {
    const env = new TestActivityEnvironment();
    env.timeoutOnHeartbeat(2);
    await env.run(
      (ctx: ActivityContext<{ line: number }>) => {
        const line = (ctx.heartbeatDetails?.line ?? 0) + 1;
        ctx.heartbeat({ line });
        if (line === 1) throw boom;
        return line;
      },
      { activityId: 'x', activityType: 'import', heartbeatTimeout: '5s' },
    );
    const common = { activityId: 'x', activityType: 'import' };
    expect(env.attempts).toEqual([
      {
        ...common,
        attempt: 1,
        heartbeatDetails: undefined,
        heartbeats: [{ at: 0, details: { line: 1 } }],
        outcome: 'FAILED',
        error: boom,
        startedAt: 0,
        endedAt: 0,
        retryDelayMs: 1_000,
      },
      {
        ...common,
        attempt: 2,
        heartbeatDetails: { line: 1 },
        heartbeats: [{ at: 1_000, details: { line: 2 } }],
        outcome: 'TIMED_OUT',
        error: expect.objectContaining({ timeoutType: 'HEARTBEAT' }) as Error,
        startedAt: 1_000,
        endedAt: 6_000,
        retryDelayMs: 2_000,
      },
      {
        ...common,
        attempt: 3,
        heartbeatDetails: { line: 2 },
        heartbeats: [{ at: 8_000, details: { line: 3 } }],
        outcome: 'COMPLETED',
        startedAt: 8_000,
        endedAt: 8_000,
      },
    ]);
    expect(env.heartbeats).toEqual([{ line: 1 }, { line: 2 }, { line: 3 }]);
    expect(env.reports).toEqual([{ line: 1 }, { line: 2 }, { line: 3 }]);
    expect(env.events.map(({ name }) => name)).toEqual([
      ...['scheduled', 'started', 'heartbeat', 'attemptFailed'],
      ...['started', 'heartbeat', 'attemptFailed', 'attemptAbandoned', 'attemptSettled'],
      ...['started', 'heartbeat', 'completed'],
    ]);
  });

  test('copies of heartbeats, and what is held back as one report at the end', async () => {
    const env = new TestActivityEnvironment();
    const details = { line: 0 };
    await env.run((ctx) => {
      for (details.line = 1; details.line <= 3; details.line++) ctx.heartbeat(details);
      ctx.heartbeat();
    });
    expect(env.heartbeats).toEqual([{ line: 1 }, { line: 2 }, { line: 3 }, undefined]);
    expect(env.reports).toEqual([{ line: 1 }, { line: 3 }]);
  });

  test.each([
    ['CANCELED', (env: TestActivityEnvironment) => env.cancelOnHeartbeat(1)],
    ['PAUSED', (env: TestActivityEnvironment) => env.pauseOnHeartbeat(1)],
    ['CANCELED', (env: TestActivityEnvironment) => env.shutdownOnHeartbeat(1)],
  ])('an attempt that stopped as %s', async (outcome, steer) => {
    const env = new TestActivityEnvironment();
    steer(env);
    env.start((ctx) => {
      ctx.heartbeat();
      return ctx.cancelled;
    });
    await env.advance(1);
    expect(env.attempts).toMatchObject([{ outcome }]);
  });

  test('a running attempt as RUNNING and a terminated one as TERMINATED', () => {
    const env = new TestActivityEnvironment();
    const handle = env.start(never);
    expect(env.attempts).toMatchObject([{ outcome: 'RUNNING' }]);
    handle.terminate('enough');
    expect(env.attempts).toMatchObject([{ outcome: 'TERMINATED' }]);
  });
});

describe('at the end of a test', () => {
  test('an open activity is named', async () => {
    const env = new TestActivityEnvironment();
    env.start(never, { activityId: 'import-7', activityType: 'importRows' });
    const disposed = env[Symbol.asyncDispose]();
    await expect(disposed).rejects.toThrow(
      /importRows \(import-7\), STARTED at attempt 1.*still RUNNING/s,
    );
  });

  test.each<[string, (env: TestActivityEnvironment) => void]>([
    ['failOnHeartbeat(5)', (env) => env.failOnHeartbeat(5, boom)],
    ['timeoutOnHeartbeat(5)', (env) => env.timeoutOnHeartbeat(5)],
    ['cancelOnHeartbeat(5)', (env) => env.cancelOnHeartbeat(5)],
    ['shutdownOnHeartbeat(5)', (env) => env.shutdownOnHeartbeat(5)],
    ['pauseOnHeartbeat(5)', (env) => env.pauseOnHeartbeat(5)],
  ])('a plan that never happened is named: %s', async (plan, make) => {
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(1, boom);
    make(env);
    await env.run(
      (ctx) => {
        ctx.heartbeat(1);
      },
      { activityId: 'x', activityType: 't', retryPolicy: { initialInterval: '1s' } },
    );
    const story =
      't (x)\n' +
      '  1   at 0 ms   given nothing   ♥ 1 at 0 ms   FAILED at 0 ms: Error: boom   retry in 1 s\n' +
      '  2   at 1 s    given 1         ♥ 1 at 1 s    COMPLETED at 1 s';
    const said = `${plan} has not happened; heartbeats so far: 2`;
    expect(timeline(env)).toBe(`${story}\n${said}`);
    await expect(env[Symbol.asyncDispose]()).rejects.toThrow(
      new Error(`${said}. Choose a heartbeat that happens.\n${story}`),
    );
  });

  test('a failure that kept a plan from happening is told first', async () => {
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(1, boom);
    const once = { retryPolicy: { maximumAttempts: 1 } };
    const early = (): never => {
      throw new Error('no module');
    };
    const failure = env.run(early, once);
    await expect(failure).rejects.toThrow('no module');
    await expect(env[Symbol.asyncDispose]()).rejects.toThrow(
      /^early failed: no module\nfailOnHeartbeat\(1\) has not happened;/,
    );
  });

  test('plans and open activities are named in one error', async () => {
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(1, boom);
    env.cancelOnHeartbeat(2);
    env.start(never);
    await expect(env[Symbol.asyncDispose]()).rejects.toThrow(
      /^The test ended while activities were open: .*\nfailOnHeartbeat\(1\), cancelOnHeartbeat\(2\) have not happened; heartbeats so far: 0\./,
    );
  });

  test('there is no error if everything is over', async () => {
    await using env = new TestActivityEnvironment();
    await env.run(() => 1);
  });
});

test('completion by token and shutdown work as in production', async () => {
  const env = new TestActivityEnvironment();
  let token!: string;
  const handle = env.start((ctx): string => {
    token = ctx.info.taskToken;
    return ctx.completeAsync();
  });
  await env.advance(0);
  await env.completion.complete(token, 'from outside');
  await expect(handle.result()).resolves.toBe('from outside');
  const ignoring = env.start(never);
  const shutdown = env.shutdown({ gracePeriod: '1h', abandonAfter: '1h' });
  await env.advance('2h'); // by hand, past a function that works
  const { abandonedActivityIds } = await shutdown;
  expect(abandonedActivityIds).toEqual([ignoring.activityId]);
  expect(env.now()).toBe(7_200_000);
});

test.each([
  [{ maxAttempts: 0 }, /^maxAttempts: received 0/],
  [{ semantics: 'cluster' }, /^semantics: received "cluster"/],
  [{ concurrency: 3 }, /maxConcurrentActivities/],
  [{ store: {} }, /^store: received an object; expected an object with get, set, delete/],
  [{ interceptors: [42] }, /^interceptors\[0\]: received 42/],
])('an environment refuses the options %j', (options, message) => {
  expect(() => new TestActivityEnvironment(options as object)).toThrow(message);
});

describe('work outside an activity', () => {
  test('is waited for if the next attempt waits for the previous function', async () => {
    const env = new TestActivityEnvironment();
    env.timeoutOnHeartbeat(1);
    await env.run(
      async (ctx) => {
        if (ctx.info.attempt === 2) return;
        ctx.heartbeat(1);
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
      { heartbeatTimeout: '5s', attemptOverlap: '10s' },
    );
    expect(env.attempts[1]!.startedAt).toBe(6_000); // the backoff, and not the whole overlap
  });

  test('takes no time with env.sleep: an activity that awaits it waits', async () => {
    const env = new TestActivityEnvironment();
    const model = async (prompt: string): Promise<string> => {
      await env.sleep('4 minutes');
      return `${prompt}!`;
    };
    expect(await env.run(() => model('hello'))).toBe('hello!');
    expect(env.now()).toBe(240_000);
    await expect(env.sleep(Infinity)).rejects.toThrow(/^sleep: received Infinity/);
  });

  test('does not let time skip past another working activity', async () => {
    const env = new TestActivityEnvironment();
    let done!: () => void;
    const working = env.run(() => new Promise<void>((resolve) => (done = resolve)));
    const sleeping = env.run(() => env.sleep('1h'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(env.now()).toBe(0);
    done();
    await Promise.all([working, sleeping]);
  });

  describe('does not count for an activity that began later:', () => {
    const work = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 20, 'worked'));
    const options = { startToCloseTimeout: '1m', retryPolicy: { maximumAttempts: 1 } } as const;

    test.each<[string, (env: TestActivityEnvironment, ctx: ActivityContext) => Promise<unknown>]>([
      ['a sleep within keepAlive', (env, ctx) => ctx.keepAlive(() => env.sleep('1h'))],
      ['two at once', (env) => Promise.all([env.sleep('1h'), env.sleep('2h')])],
    ])('%s', async (_, sleep) => {
      const env = new TestActivityEnvironment();
      const sleeping = env.run((ctx) => sleep(env, ctx));
      expect(await env.run(work, options)).toBe('worked');
      expect(env.now()).toBe(0);
      await sleeping;
    });

    test('a sleep of an attempt that has timed out', async () => {
      const env = new TestActivityEnvironment();
      const retried = env.run(
        (ctx) => (ctx.info.attempt === 1 ? env.sleep('1h').then(() => '') : work()),
        { ...options, retryPolicy: { maximumAttempts: 2 } },
      );
      expect(await retried).toBe('worked');
      expect(env.now()).toBe(61_000);
    });

    test('a sleep during the read of a store', async () => {
      const env = new TestActivityEnvironment({
        store: { get: () => work().then(() => undefined), set: () => {}, delete: () => {} },
      });
      const sleeping = env.run((ctx) => ctx.keepAlive(() => env.sleep('1h')));
      await env.run(() => 1, { activityId: 'x', scheduleToCloseTimeout: '1m' });
      expect(env.now()).toBe(0);
      await sleeping;
    });
  });

  test('is waited for during a shorter wait of the same activity', async () => {
    const env = new TestActivityEnvironment();
    await env.run(async (ctx) => {
      const sleeping = ctx.sleep('1s').then(() => env.sleep('1m'));
      await Promise.race([ctx.sleep('2s'), sleeping]);
      await sleeping;
    });
    expect(env.now()).toBe(61_000);
  });
});

test('a proxy runs activities of an object in the environment', async () => {
  const env = new TestActivityEnvironment();
  const { wait } = env.proxy(
    {
      async wait(ctx: ActivityContext, name: string): Promise<string> {
        await ctx.sleep('1h');
        return name;
      },
    },
    { startToCloseTimeout: '2h' },
  );
  expect(await wait('a')).toBe('a');
  expect(env.attempts).toMatchObject([{ activityType: 'wait', endedAt: 3_600_000 }]);
});

test('an unknown option is refused in the name of the environment', () => {
  expect(() => new TestActivityEnvironment({ autoskip: false } as object)).toThrow(
    'TestActivityEnvironment has no option "autoskip"; did you mean "autoSkip"?',
  );
  expect(() => new TestActivityEnvironment({ concurrency: 1 } as object)).toThrow(
    'TestActivityEnvironment has no option "concurrency"; here it is maxConcurrentActivities',
  );
});

describe('errors that are reported in no other way', () => {
  /** The lines that the environment writes to the console. */
  async function written(run: (env: TestActivityEnvironment) => unknown): Promise<unknown[][]> {
    const lines: unknown[][] = [];
    const spies = (['error', 'warn'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...line) => void lines.push(line)),
    );
    try {
      const env = new TestActivityEnvironment();
      await run(env);
      await env[Symbol.asyncDispose]();
    } finally {
      spies.forEach((spy) => spy.mockRestore());
    }
    return lines;
  }
  const once = { retryPolicy: { maximumAttempts: 1 } } as const;

  test('are written to the console, without warnings of failed attempts', async () => {
    const unheard = await written(async (env) => {
      await expect(env.run(failing, { retryPolicy: { maximumAttempts: 2 } })).rejects.toThrow();
      env.start(failing, once);
    });
    expect(unheard.map(([text]) => text)).toEqual([
      expect.stringMatching(/^systole: .*Error: boom\. No one called result\(\)/),
    ]);
  });

  test('do not include those of a crash that the test planned', async () => {
    const crashes = await written(() =>
      crashAtEveryHeartbeat(
        async (ctx) => {
          await Promise.resolve();
          ctx.heartbeat(1);
        },
        {},
        () => {},
      ),
    );
    expect(crashes).toEqual([]);
  });

  test('a listener of onHeartbeat that rejects is logged and affects nothing else', async () => {
    const rejections = collectUnhandledRejections();
    const lines = await written(async (env) => {
      env.onHeartbeat(() => Promise.reject(boom));
      const run = env.run((ctx) => {
        ctx.heartbeat(1);
        return 'done';
      });
      await expect(run).resolves.toBe('done');
    });
    expect(rejections.stop()).toEqual([]);
    expect(lines).toMatchObject([
      ['systole: A listener of onHeartbeat failed (Error: boom)', { attempt: 1, error: boom }],
    ]);
  });
});

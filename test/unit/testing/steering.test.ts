/** What a test can plan for a heartbeat, and that this finds defects. */
import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import {
  CancelledFailure,
  HeartbeatDetailsError,
  isCancellation,
  isTimeout,
  type ActivityContext,
} from 'systole';
import { crashAtEveryHeartbeat, TestActivityEnvironment } from 'systole/testing';
import { never } from '../../support/harness.js';

const ROWS = ['a', 'b', 'c', 'd'];

/** Imports rows, and reports their number after each. */
async function importRows(ctx: ActivityContext<number>, table: string[]): Promise<number> {
  for (let row = ctx.heartbeatDetails ?? 0; row < ROWS.length; row++) {
    ctx.signal.throwIfAborted();
    table.push(ROWS[row]!);
    ctx.heartbeat(row + 1);
    await Promise.resolve();
  }
  return table.length;
}

/** Reports before the row is there. The loss shows only if it ends in between. */
async function reportsTooEarly(ctx: ActivityContext<number>, table: string[]): Promise<number> {
  for (let row = ctx.heartbeatDetails ?? 0; row < ROWS.length; row++) {
    ctx.heartbeat(row + 1);
    await Promise.resolve();
    table.push(ROWS[row]!);
  }
  return table.length;
}

/** Starts from the beginning each time. */
async function forgets(ctx: ActivityContext<number>, table: string[]): Promise<number> {
  for (let row = 0; row < ROWS.length; row++) {
    table.push(ROWS[row]!);
    ctx.heartbeat(row + 1);
    await Promise.resolve();
  }
  return table.length;
}

/** Continues after its cancellation. */
async function ignoresItsSignal(ctx: ActivityContext<number>, table: string[]): Promise<number> {
  for (let row = ctx.heartbeatDetails ?? 0; row < ROWS.length; row++) {
    table.push(ROWS[row]!);
    ctx.heartbeat(row + 1);
    await Promise.resolve();
  }
  return table.length;
}

describe('failOnHeartbeat', () => {
  const boom = new Error('connection lost');
  const rowsAfter = async (activity: typeof importRows): Promise<string[]> => {
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(2, boom);
    const table: string[] = [];
    await env.run(activity, { args: [table] });
    expect(env.attempts.map(({ outcome }) => outcome)).toEqual(['FAILED', 'COMPLETED']);
    expect(env.attempts[0]!.error).toBe(boom);
    expect(env.attempts[1]!.heartbeatDetails).toBe(2);
    return table;
  };

  test('throws from that call, after the details are taken', async () => {
    expect(await rowsAfter(importRows)).toEqual(ROWS);
  });

  test('finds an activity that starts from the beginning', async () => {
    expect(await rowsAfter(forgets)).not.toEqual(ROWS);
  });

  test('counts over all attempts and activities, and happens once', async () => {
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(5, boom);
    await env.run(importRows, { args: [[]] });
    await env.run(importRows, { args: [[]] });
    expect(env.attempts.map(({ heartbeats }) => heartbeats.length)).toEqual([4, 1, 3]);
  });
});

describe('cancelOnHeartbeat', () => {
  const rowsAfter = async (activity: typeof importRows): Promise<string[]> => {
    const env = new TestActivityEnvironment();
    env.cancelOnHeartbeat(2);
    const table: string[] = [];
    const run = env.run(activity, { args: [table] });
    await expect(run).rejects.toSatisfy(isCancellation);
    await env.advance(0);
    return table;
  };

  test('cancels, and the function is told in that call', async () => {
    expect(await rowsAfter(importRows)).toEqual(['a', 'b']);
  });

  test('finds an activity that ignores the cancellation', async () => {
    expect(await rowsAfter(ignoresItsSignal)).not.toEqual(['a', 'b']);
  });

  test('has the signal aborted right after the call', async () => {
    const env = new TestActivityEnvironment();
    env.cancelOnHeartbeat(1);
    const seen: unknown[] = [];
    await env
      .run((ctx) => {
        seen.push(ctx.signal.aborted);
        ctx.heartbeat();
        seen.push(ctx.signal.reason);
      })
      .catch(() => {});
    expect(seen).toEqual([false, expect.any(CancelledFailure)]);
  });
});

describe('timeoutOnHeartbeat', () => {
  test('ends the attempt there, whatever its function does afterwards', async () => {
    const env = new TestActivityEnvironment();
    env.timeoutOnHeartbeat(2);
    const options = { heartbeatTimeout: '10s', retryPolicy: { initialInterval: '1s' } } as const;
    const lines: (number | undefined)[] = [];
    await env.run((ctx: ActivityContext<number>) => {
      lines.push(ctx.heartbeatDetails);
      for (let line = ctx.heartbeatDetails ?? 0; line < 4; line++) ctx.heartbeat(line + 1);
      return 'done'; // at once, but too late
    }, options);
    expect(lines).toEqual([undefined, 2]);
    expect(env.heartbeats).toEqual([1, 2, 3, 4]); // the first attempt's later ones are ignored
    expect(env.attempts.map(({ outcome }) => outcome)).toEqual(['TIMED_OUT', 'COMPLETED']);
    expect(env.now()).toBe(11_000);
  });

  test('moves to startToClose without a heartbeat timeout', async () => {
    const env = new TestActivityEnvironment();
    env.timeoutOnHeartbeat(1);
    const run = env.run(
      (ctx) => {
        ctx.heartbeat();
        return never();
      },
      { startToCloseTimeout: '1m', retryPolicy: { maximumAttempts: 1 } },
    );
    await expect(run).rejects.toSatisfy((error) => isTimeout(error, 'START_TO_CLOSE'));
  });

  test('needs a timeout', async () => {
    const env = new TestActivityEnvironment();
    env.timeoutOnHeartbeat(1);
    const run = env.run((ctx) => ctx.heartbeat(), { retryPolicy: { maximumAttempts: 1 } });
    await expect(run).rejects.toThrow(/needs heartbeatTimeout or startToCloseTimeout/);

    const again = new TestActivityEnvironment();
    again.timeoutOnHeartbeat(1);
    const retried = again.run((ctx) => ctx.heartbeat()); // would pass at its second attempt
    await expect(retried).rejects.toThrow(/needs heartbeatTimeout or startToCloseTimeout/);
  });

  test('finds an activity that wrongly relies on a late result', async () => {
    const rows = async (activity: typeof importRows): Promise<string[]> => {
      const env = new TestActivityEnvironment();
      env.timeoutOnHeartbeat(2);
      const table: string[] = [];
      await env.run(activity, { args: [table], heartbeatTimeout: '1s', attemptOverlap: 'forbid' });
      return table;
    };
    expect(await rows(forgets)).not.toEqual(ROWS);
  });
});

test('a heartbeat after the end of its attempt triggers nothing and does not count', async () => {
  const heard: unknown[] = [];
  const intercepted: unknown[] = [];
  const env = new TestActivityEnvironment({
    interceptors: [{ heartbeat: (details, next) => next(intercepted.push(details)) }],
  });
  env.onHeartbeat((details) => heard.push(details));
  env.failOnHeartbeat(2, new Error('at the second'));
  let zombie!: ActivityContext<string>;
  const run = env.run(
    async (ctx: ActivityContext<string>) => {
      if (ctx.info.attempt === 1) {
        zombie = ctx;
        ctx.heartbeat('first');
        return never();
      }
      zombie.heartbeat('too late');
      ctx.heartbeat('second');
    },
    { startToCloseTimeout: '1m', retryPolicy: { maximumAttempts: 2 } },
  );
  await env.advance('2m');
  await expect(run).rejects.toThrow('at the second');
  expect(env.heartbeats).toEqual(['first', 'second']);
  expect(heard).toEqual(['first', 'second']);
  expect(intercepted).toEqual(['first', 'too late', 'second']); // as in production
  expect(env.attempts.map(({ heartbeats }) => heartbeats.length)).toEqual([1, 1]);
});

describe('pauseOnHeartbeat', () => {
  test('parks the activity until it is unpaused', async () => {
    const env = new TestActivityEnvironment();
    env.pauseOnHeartbeat(2);
    const table: string[] = [];
    const handle = env.start(importRows, { args: [table] });
    await env.advance('1h');
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', heartbeatDetails: 2 });
    expect(table).toEqual(['a', 'b']);
    handle.unpause();
    await handle.result();
    expect(table).toEqual(ROWS);
    expect(env.attempts.map(({ outcome }) => outcome)).toEqual(['PAUSED', 'COMPLETED']);
  });
});

test('pauseOnHeartbeat does nothing if the activity should already stop', async () => {
  const env = new TestActivityEnvironment();
  env.cancelOnHeartbeat(1);
  env.pauseOnHeartbeat(2);
  env.onHeartbeat((details) => {
    if (details === 3) handle.reset();
  });
  env.pauseOnHeartbeat(4);
  const beats = (from: number) => (ctx: ActivityContext) => {
    ctx.heartbeat(from);
    ctx.heartbeat(from + 1);
    return 'done';
  };
  const options = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;
  expect(await env.run(beats(1), options)).toBe('done');
  const handle = env.start(async (ctx) => {
    await Promise.resolve();
    return beats(3)(ctx);
  });
  expect(await handle.result()).toBe('done');
});

test('pauseOnHeartbeat finds an activity that continues while it is paused', async () => {
  const rowsWhilePaused = async (activity: typeof importRows): Promise<number> => {
    const env = new TestActivityEnvironment();
    env.pauseOnHeartbeat(2);
    const table: string[] = [];
    env.start(activity, { args: [table] });
    await env.advance('1h');
    return table.length;
  };
  expect(await rowsWhilePaused(importRows)).toBe(2);
  expect(await rowsWhilePaused(ignoresItsSignal)).toBe(4);
});

describe('shutdownOnHeartbeat', () => {
  test('finds an activity that delays a shutdown', async () => {
    const rowsAfter = async (activity: typeof importRows): Promise<number> => {
      const env = new TestActivityEnvironment();
      env.shutdownOnHeartbeat(1);
      const table: string[] = [];
      await env.run(activity, { args: [table] }).catch(() => {});
      return table.length;
    };
    expect(await rowsAfter(importRows)).toBe(1);
    expect(await rowsAfter(ignoresItsSignal)).toBe(4);
  });

  test('stops the activity and keeps its details in the store', async () => {
    const store = new Map<string, string>();
    const table: string[] = [];
    const options = { args: [table] as const, activityId: 'import' };
    const first = new TestActivityEnvironment({ store });
    first.shutdownOnHeartbeat(3);
    const run = first.run(importRows, {
      ...options,
      args: [table],
    });
    await expect(run).rejects.toThrow(/WORKER_SHUTDOWN/);
    await new TestActivityEnvironment({ store }).run(importRows, { ...options, args: [table] });
    expect(table).toEqual(ROWS);
  });
});

describe('setHeartbeatDetails', () => {
  test('starts as if an earlier attempt had left the details', async () => {
    const env = new TestActivityEnvironment();
    env.setHeartbeatDetails(3);
    const table: string[] = [];
    await env.run(importRows, { args: [table] });
    expect(table).toEqual(['d']);
    expect(env.attempts[0]).toMatchObject({ attempt: 2, heartbeatDetails: 3 });
  });

  test('finds an activity that starts from the beginning', async () => {
    const rowsFrom3 = async (activity: typeof importRows): Promise<string[]> => {
      const env = new TestActivityEnvironment();
      env.setHeartbeatDetails(3);
      const table: string[] = [];
      await env.run(activity, { args: [table] });
      return table;
    };
    expect(await rowsFrom3(importRows)).toEqual(['d']);
    expect(await rowsFrom3(forgets)).toEqual(ROWS);
  });

  test('sets the attempt too, which counts towards maximumAttempts', async () => {
    const env = new TestActivityEnvironment();
    env.setHeartbeatDetails(undefined, { attempt: 3 });
    const run = env.run(
      (ctx) => {
        throw new Error(`${ctx.info.attempt} ${String(ctx.hasHeartbeatDetails)}`);
      },
      { retryPolicy: { maximumAttempts: 3 } },
    );
    await expect(run).rejects.toThrow('3 false');
  });

  test('uses the serializer and the limit of the environment', async () => {
    class Cursor {
      line = 0;
    }
    const serializer = new SuperJSON();
    serializer.registerClass(Cursor);
    const env = new TestActivityEnvironment({ serializer, maxHeartbeatDetailsBytes: 200 });
    const cursor = Object.assign(new Cursor(), { line: 3 });
    env.setHeartbeatDetails(cursor);
    expect(await env.run((ctx) => ctx.heartbeatDetails)).toEqual(cursor);
    expect(() => env.setHeartbeatDetails('x'.repeat(300))).toThrow(/maxHeartbeatDetailsBytes/);
  });

  test('takes a copy and refuses details that a heartbeat refuses', async () => {
    const env = new TestActivityEnvironment();
    const details = { line: 1 };
    env.setHeartbeatDetails(details);
    details.line = 2;
    expect(await env.run((ctx) => ctx.heartbeatDetails)).toEqual({ line: 1 });
    expect(() => env.setHeartbeatDetails(() => 1)).toThrow(HeartbeatDetailsError);
    expect(() => env.setHeartbeatDetails(1, { attempt: 0 })).toThrow(/attempt: received 0/);
  });
});

test('onHeartbeat gets every heartbeat and its attempt', async () => {
  const env = new TestActivityEnvironment();
  const seen: unknown[] = [];
  env.onHeartbeat((details, { attempt }) => seen.push([details, attempt]));
  env.failOnHeartbeat(2, new Error('no'));
  await env.run(importRows, { args: [[]] });
  expect(seen).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
  ]);
});

test('onHeartbeat gets its own copy of the details', async () => {
  const env = new TestActivityEnvironment();
  env.onHeartbeat((details) => ((details as { line: number }).line = 0));
  await env.run((ctx) => ctx.heartbeat({ line: 1 }));
  expect(env.heartbeats).toEqual([{ line: 1 }]);
  expect(env.reports).toEqual([{ line: 1 }]);
});

test.each([
  'cancelOnHeartbeat',
  'pauseOnHeartbeat',
  'timeoutOnHeartbeat',
  'shutdownOnHeartbeat',
  'failOnHeartbeat',
] as const)('%s refuses a heartbeat that is already over', async (name) => {
  const env = new TestActivityEnvironment();
  const steer = (n: number): void => env[name](n, new Error('no'));
  for (const n of [0, -1, 1.5, NaN]) expect(() => steer(n)).toThrow(new RegExp(`^${name}`));
  await env.run((ctx) => ctx.heartbeat());
  expect(() => steer(1)).toThrow(/above 1/);
});

test('a heartbeat has one plan: a second is refused, and the first stays', async () => {
  const env = new TestActivityEnvironment();
  env.failOnHeartbeat(1, new Error('planned'));
  expect(() => env.cancelOnHeartbeat(1)).toThrow(
    new TypeError(
      'cancelOnHeartbeat: received 1; expected another number: failOnHeartbeat already has this one',
    ),
  );
  const run = env.run((ctx) => ctx.heartbeat(), { retryPolicy: { maximumAttempts: 1 } });
  await expect(run).rejects.toThrow('planned');
});

describe('crashAtEveryHeartbeat', () => {
  const tables: string[][] = [];
  const fresh = (): { args: [string[]] } => {
    const table: string[] = [];
    tables.push(table);
    return { args: [table] };
  };
  const allOnce = (): void => expect(tables.at(-1)).toEqual(ROWS);

  test('passes an activity that survives each crash', async () => {
    expect(await crashAtEveryHeartbeat(importRows, fresh, allOnce)).toBe(4);
  });

  test.each([
    ['reports before it has done the work', reportsTooEarly],
    ['starts from the beginning', forgets],
  ])('finds an activity that %s, and says where', async (_, activity) => {
    const checked = crashAtEveryHeartbeat(activity, fresh, allOnce);
    await expect(checked).rejects.toThrow(/^after a crash at heartbeat 1: .*\n\n.*1 .*at 0 ms/s);
  });

  test('gives the check the outcome', async () => {
    const outcomes: unknown[] = [];
    await crashAtEveryHeartbeat(importRows, fresh, ({ environment, ...outcome }) => {
      outcomes.push(outcome);
      expect(environment.attempts).toHaveLength(1);
    });
    expect(outcomes.at(2)).toEqual({
      heartbeat: 3,
      heartbeatDetails: 3,
      result: 4,
      error: undefined,
    });
  });

  test('gives the check the failure of the resumed run', async () => {
    let error: unknown;
    const activity = (ctx: ActivityContext<number>): void => {
      if (ctx.heartbeatDetails !== undefined) throw new Error('cannot resume');
      ctx.heartbeat(1);
    };
    const options = { retryPolicy: { maximumAttempts: 2 } };
    await crashAtEveryHeartbeat(activity, options, (outcome) => (error = outcome.error));
    expect((error as Error).message).toContain('cannot resume');
  });

  test('continues after an attempt that fails by itself, over all heartbeats', async () => {
    const flaky = (ctx: ActivityContext<number>, table: string[]): void => {
      for (let row = ctx.heartbeatDetails ?? 0; row < ROWS.length; row++) {
        if (row === 1 && ctx.info.attempt === 1) throw new Error('503');
        table.push(ROWS[row] ?? '');
        ctx.heartbeat(row + 1);
      }
    };
    expect(await crashAtEveryHeartbeat(flaky, fresh, allOnce)).toBe(ROWS.length);
    const losesAtTheEnd = (ctx: ActivityContext<number>, table: string[]): void => {
      for (let row = ctx.heartbeatDetails ?? 0; row < ROWS.length; row++) {
        if (row === 1 && ctx.info.attempt === 1) throw new Error('503');
        if (row === ROWS.length - 1) ctx.heartbeat(row + 1); // before it is done
        table.push(ROWS[row] ?? '');
        ctx.heartbeat(row + 1);
      }
    };
    await expect(crashAtEveryHeartbeat(losesAtTheEnd, fresh, allOnce)).rejects.toThrow(
      `after a crash at heartbeat ${ROWS.length}`,
    );
  });

  test('resumes from the newest details, even after a heartbeat without details', async () => {
    const given: unknown[] = [];
    const crashes = await crashAtEveryHeartbeat(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat();
        ctx.heartbeat(1);
        ctx.heartbeat();
      },
      {},
      ({ heartbeatDetails }) => given.push(heartbeatDetails),
    );
    expect(crashes).toBe(3);
    expect(given).toEqual([undefined, 1, 1]);
  });

  test("resumes from the details that reached the server, with semantics: 'temporal'", async () => {
    const given: unknown[] = [];
    await crashAtEveryHeartbeat(
      async (ctx: ActivityContext<number>) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2); // held back
        await ctx.sleep('1m');
        ctx.heartbeat();
      },
      {},
      ({ heartbeatDetails }) => given.push(heartbeatDetails),
      { semantics: 'temporal' },
    );
    expect(given).toEqual([1, 1, 2]);
  });

  test("fails with the activity's own failure if it fails without a crash", async () => {
    const checks: number[] = [];
    const checked = crashAtEveryHeartbeat(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat(1);
        throw new Error('always');
      },
      { retryPolicy: { maximumAttempts: 2 } },
      ({ heartbeat }) => checks.push(heartbeat),
    );
    await expect(checked).rejects.toThrow('always');
    expect(checks).toEqual([1, 2]);
  });

  test('does not let an activity hide the crash', async () => {
    const steps: string[] = [];
    const swallows = async (ctx: ActivityContext<number>): Promise<void> => {
      for (let step = ctx.heartbeatDetails ?? 0; step < 3; step++) {
        steps.push(`step ${step}`);
        try {
          ctx.heartbeat(step + 1);
        } catch {
          // as if nothing had happened
        }
        await ctx.sleep(10);
      }
    };
    let resumed = 0;
    const crashes = await crashAtEveryHeartbeat(swallows, {}, ({ heartbeatDetails }) => {
      resumed++;
      expect(heartbeatDetails).toBe(resumed);
    });
    expect(crashes).toBe(3);
  });

  test('needs an activity that heartbeats', async () => {
    await expect(
      crashAtEveryHeartbeat(
        () => 1,
        {},
        () => {},
      ),
    ).rejects.toThrow(/never called ctx\.heartbeat/);
  });
});

test('advance finds an activity that is silent for longer than its heartbeat timeout', async () => {
  const outcomeOf = async (every: number): Promise<string> => {
    const env = new TestActivityEnvironment({ autoSkip: false, logger: false });
    env.start(
      async (ctx) => {
        for (let minute = 0; minute < 10; minute += every) {
          ctx.heartbeat(minute);
          await ctx.sleep(every * 60_000);
        }
      },
      { heartbeatTimeout: '3 minutes', retryPolicy: { maximumAttempts: 1 } },
    );
    await env.advance('20 minutes');
    return env.attempts[0]!.outcome;
  };
  expect(await outcomeOf(2)).toBe('COMPLETED');
  expect(await outcomeOf(5)).toBe('TIMED_OUT');
});

test('onHeartbeat finds a cursor that goes back', async () => {
  const goesBack = async (cursors: number[]): Promise<boolean> => {
    const env = new TestActivityEnvironment();
    let last = 0;
    let back = false;
    env.onHeartbeat((cursor) => {
      back ||= (cursor as number) < last;
      last = cursor as number;
    });
    await env.run((ctx) => cursors.forEach((cursor) => ctx.heartbeat(cursor)));
    return back;
  };
  expect(await goesBack([1, 2, 3])).toBe(false);
  expect(await goesBack([1, 3, 2])).toBe(true);
});

/**
 * What a cluster does to the same code. Each test runs the same activity with both semantics: its
 * expectation is true in one process and false on Temporal.
 */
import * as temporal from '@temporalio/activity';
import { describe, expect, test } from 'vitest';
import {
  HeartbeatDetailsError,
  isTimeout,
  type ActivityContext,
  type ActivityHandle,
} from 'systole';
import { fromTemporal } from 'systole/temporal';
import { TestActivityEnvironment, type TestSemantics } from 'systole/testing';
import { never } from '../support/harness.js';

const both = ['in-process', 'temporal'] as const;
const ONCE = { maximumAttempts: 1 };

const seen = <T>(semantics: TestSemantics, outcomes: { inProcess: T; temporal: T }): T =>
  semantics === 'temporal' ? outcomes.temporal : outcomes.inProcess;

describe.each(both)('semantics: %s', (semantics) => {
  test('a request reaches the function: with any heartbeat, or a report', async () => {
    const env = new TestActivityEnvironment({ semantics });
    env.cancelOnHeartbeat(2);
    const aborted: boolean[] = [];
    const run = env.run(
      async (ctx) => {
        for (let beat = 1; beat <= 3; beat++) {
          ctx.heartbeat(beat);
          aborted.push(ctx.signal.aborted);
          await Promise.resolve();
        }
      },
      { heartbeatTimeout: '10s', cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    await run.catch(() => {});
    expect(aborted).toEqual(
      seen(semantics, { inProcess: [false, true, true], temporal: [false, false, false] }),
    );
  });

  test('the report at the end of an interval delivers a request too', async () => {
    const env = new TestActivityEnvironment({ semantics });
    env.cancelOnHeartbeat(2);
    let heardAt: number | undefined;
    const run = env.run(
      async (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        await ctx.cancelled.catch(() => (heardAt = env.now()));
      },
      { heartbeatTimeout: '10s', cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    await env.advance('9s');
    await run.catch(() => {});
    expect(heardAt).toBe(seen(semantics, { inProcess: 0, temporal: 8_000 }));
  });

  test.each(['sleep', 'keepAlive'] as const)(
    'a request reaches a function in ctx.%s: at once, or with the next report',
    async (wait) => {
      const env = new TestActivityEnvironment({ semantics });
      let heardAt: number | undefined;
      const handle = env.start(
        async (ctx: ActivityContext<number>) => {
          ctx.heartbeat(1);
          const work = env.sleep('1 minute');
          const waiting = wait === 'sleep' ? ctx.sleep('1 minute') : ctx.keepAlive(work);
          await waiting.catch(() => (heardAt = env.now()));
          ctx.heartbeat(2);
          if (ctx.signal.aborted) heardAt ??= env.now();
        },
        { heartbeatTimeout: '2 minutes', cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
      );
      await env.advance('1s');
      handle.cancel();
      await handle.result().catch(() => {});
      expect(heardAt).toBe(seen(semantics, { inProcess: 1_000, temporal: 60_000 }));
    },
  );

  test("a caller's signal reaches the function: at once, or like any request", async () => {
    const env = new TestActivityEnvironment({ semantics });
    const controller = new AbortController();
    let aborted: boolean | undefined;
    const run = env.run(
      (ctx) => {
        controller.abort();
        aborted = ctx.signal.aborted;
      },
      { signal: controller.signal },
    );
    await run.catch(() => {});
    expect(aborted).toBe(seen(semantics, { inProcess: true, temporal: false }));
  });

  test("the signal of a caller who joined ends only that caller's wait", async () => {
    const env = new TestActivityEnvironment({ semantics });
    const controller = new AbortController();
    const work = async (ctx: ActivityContext): Promise<string> => {
      for (let i = 0; i < 3; i++) {
        await ctx.sleep('1m');
        ctx.heartbeat(i);
      }
      return 'done';
    };
    const options = { activityId: 'x', idConflictPolicy: 'USE_EXISTING' } as const;
    const first = env.run(work, options);
    const second = env.run(work, { ...options, signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toThrow(/cancelled/);
    await expect(first).resolves.toBe('done');
  });

  test("a caller's signal that aborts in the first turn of the function cancels", async () => {
    const env = new TestActivityEnvironment({ semantics });
    const controller = new AbortController();
    const run = env.run(() => controller.abort('enough'), { signal: controller.signal });
    await expect(run).rejects.toMatchObject({ cause: { message: 'CANCELLED', cause: 'enough' } });
  });

  test('details held back at a timeout: kept, or lost', async () => {
    const env = new TestActivityEnvironment({ semantics });
    env.timeoutOnHeartbeat(3);
    await env.run(
      (ctx: ActivityContext<number>) => {
        for (let line = ctx.heartbeatDetails ?? 0; line < 4; line++) ctx.heartbeat(line + 1);
      },
      { heartbeatTimeout: '10s' },
    );
    expect(env.attempts[1]!.heartbeatDetails).toBe(seen(semantics, { inProcess: 3, temporal: 1 }));
  });

  test('a heartbeat timeout counts from the last heartbeat, or from the last report', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const run = env.run(
      async (ctx) => {
        ctx.heartbeat(1);
        await ctx.sleep('5s');
        ctx.heartbeat(2);
        await never();
      },
      { heartbeatTimeout: '10s', retryPolicy: ONCE },
    );
    await env.advance('1 minute');
    await expect(run).rejects.toSatisfy((error) => isTimeout(error, 'HEARTBEAT'));
    // There the second one goes out at 8 s, when the throttle opens.
    expect(env.attempts[0]!.endedAt).toBe(seen(semantics, { inProcess: 15_000, temporal: 18_000 }));
  });

  test('a heartbeat without details keeps the last ones', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const given = await env.run(
      async (ctx: ActivityContext<number>) => {
        if (ctx.info.attempt === 3) return ctx.heartbeatDetails;
        if (ctx.info.attempt === 1) ctx.heartbeat(1);
        await ctx.sleep('9s');
        ctx.heartbeat();
        throw new Error('no');
      },
      { heartbeatTimeout: '10s' },
    );
    expect(given).toBe(1);
    expect(env.attempts.map(({ heartbeatDetails }) => heartbeatDetails)).toEqual([undefined, 1, 1]);
  });

  test('ctx.keepAlive keeps the last details', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const given = await env.run(
      async (ctx: ActivityContext<number>) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat(1);
        await ctx.keepAlive(ctx.sleep('1 minute'));
        throw new Error('no');
      },
      { heartbeatTimeout: '10s' },
    );
    expect(given).toBe(1);
  });

  test('a heartbeat without details from an activity written for Temporal keeps or erases them', async () => {
    const env = new TestActivityEnvironment({ semantics });
    async function resume(): Promise<void> {
      if (temporal.activityInfo().attempt === 2) return;
      temporal.heartbeat({ row: 1 });
      await temporal.sleep('9s');
      temporal.heartbeat();
      throw new Error('no');
    }
    await env.run(fromTemporal(resume), { heartbeatTimeout: '10s' });
    expect(env.attempts[1]!.heartbeatDetails).toEqual(
      seen<unknown>(semantics, { inProcess: { row: 1 }, temporal: undefined }),
    );
  });

  test('a heartbeat with refused details still reports that the attempt is alive', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const given = await env.run(
      async (ctx: ActivityContext) => {
        if (ctx.info.attempt > 1) return ctx.heartbeatDetails;
        ctx.heartbeat(1);
        for (let beats = 0; beats < 5; beats++) {
          await ctx.sleep('9s');
          expect(() => ctx.heartbeat(() => {})).toThrow(HeartbeatDetailsError);
        }
        throw new Error('no');
      },
      { heartbeatTimeout: '10s' },
    );
    expect(given).toBe(1);
    expect(env.attempts).toMatchObject([{ outcome: 'FAILED' }, { outcome: 'COMPLETED' }]);
  });

  test('details, arguments and results: unchanged, or through JSON', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const date = new Date(0);
    const given: unknown[] = [];
    const result = await env.run(
      (ctx: ActivityContext, when: Date) => {
        given.push(when, ctx.heartbeatDetails);
        ctx.heartbeat({ line: 1, none: undefined });
        if (ctx.info.attempt === 1) throw new Error('no');
        return new Map([[1, when]]);
      },
      { args: [date] },
    );
    expect([...given, result]).toEqual(
      seen<unknown[]>(semantics, {
        inProcess: [date, undefined, date, { line: 1, none: undefined }, new Map([[1, date]])],
        temporal: [date.toJSON(), undefined, date.toJSON(), { line: 1 }, {}],
      }),
    );
  });

  test('arguments are converted separately, and bytes stay bytes', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const bytes = new Uint8Array([1, 2]);
    let size: number | undefined;
    const activity = (_: ActivityContext, data: Uint8Array, given = 7): Uint8Array => {
      size = given;
      return data;
    };
    expect(await env.run(activity, { args: [bytes, undefined] })).toEqual(bytes);
    expect(size).toBe(7);
  });

  test.each<[unknown[], string]>([
    [[1n], 'args[0]: received 1n; expected a JSON value'],
    [[1, { when: 2n }], 'args[1]: received an object; expected a JSON value'],
    [[never], 'args[0]: received function never; expected a JSON value'],
  ])(
    'arguments that JSON cannot hold are accepted, or refused at the call: %#',
    async (args, message) => {
      const env = new TestActivityEnvironment({ semantics });
      const refused = await env
        .run((_, ...given: unknown[]) => given.length, { args })
        .catch((error: unknown) => error);
      expect(refused).toEqual(
        seen<unknown>(semantics, {
          inProcess: args.length,
          temporal: expect.objectContaining({
            name: 'TypeError',
            message: expect.stringContaining(message) as string,
          }),
        }),
      );
      expect(env.events.length > 0).toBe(semantics === 'in-process');
    },
  );

  test.each([
    [new Map([[1, 2]]), 'details'],
    [{ when: new Date(0) }, 'details.when'],
    [{ ratio: [NaN] }, 'details.ratio[0]'],
    [{ line: 1n }, 'details.line'],
  ])(
    'details that JSON cannot hold are accepted, or refused at the call: %#',
    async (details, path) => {
      const env = new TestActivityEnvironment({ semantics });
      const outcome = await env
        .run((ctx) => ctx.heartbeat(details))
        .catch((error: unknown) => (error as Error).cause);
      const refused = { name: 'HeartbeatDetailsError', path };
      expect(outcome).toEqual(
        seen<unknown>(semantics, {
          inProcess: undefined,
          temporal: expect.objectContaining(refused),
        }),
      );
    },
  );

  test('details of an activity written for Temporal may be bytes', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const bytes = new Uint8Array([1, 2]);
    const given = await env.run((ctx: ActivityContext<Uint8Array>) => {
      if (ctx.info.attempt === 2) return [ctx.heartbeatDetails?.length, ctx.heartbeatDetails?.[1]];
      ctx.heartbeat(bytes);
      throw new Error('no');
    });
    expect(given).toEqual([2, 2]);
  });

  test('details that a failing attempt has held back are kept', async () => {
    const env = new TestActivityEnvironment({ semantics });
    await env.run((ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      ctx.heartbeat(2);
      if (ctx.info.attempt === 1) throw new Error('no');
    });
    expect(env.attempts[1]!.heartbeatDetails).toBe(2);
    expect(env.heartbeats).toEqual([1, 2, 1, 2]);
  });

  test('details over the limit are refused at the call, whether or not they are held back', async () => {
    const env = new TestActivityEnvironment({ semantics, maxHeartbeatDetailsBytes: 100 });
    const run = env.run(
      async (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat('x'.repeat(500));
        await ctx.sleep('2 minutes');
      },
      { heartbeatTimeout: '5 minutes', retryPolicy: ONCE },
    );
    await expect(run).rejects.toMatchObject({ cause: { name: 'HeartbeatDetailsError' } });
    expect(env.now()).toBe(0);
  });

  test('interceptors of heartbeats run before the throttle', async () => {
    const refused = new Error('no second heartbeat');
    const env = new TestActivityEnvironment({
      semantics,
      interceptors: [
        {
          heartbeat: (details, next) => {
            if (details === 2) throw refused;
            next(details);
          },
        },
      ],
    });
    const run = env.run(
      async (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        await ctx.sleep('2 minutes');
      },
      { heartbeatTimeout: '5 minutes', retryPolicy: ONCE },
    );
    await expect(run).rejects.toMatchObject({ cause: refused });
    expect(env.now()).toBe(0);
  });

  test('details held back at a timeout do not affect later details', async () => {
    const env = new TestActivityEnvironment({ semantics });
    const hang = (ctx: ActivityContext<string>): Promise<never> => {
      ctx.heartbeat('first');
      ctx.heartbeat(); // would go out at 10 s
      return never();
    };
    const run = env.run(
      async (ctx: ActivityContext<string>) => {
        if (ctx.info.attempt === 1) return hang(ctx);
        if (ctx.info.attempt === 3) return ctx.heartbeatDetails;
        ctx.heartbeat('second');
        await ctx.sleep('8s');
        throw new Error('no');
      },
      {
        startToCloseTimeout: '9s',
        heartbeatThrottleInterval: '10s',
        retryPolicy: { initialInterval: 1 },
      },
    );
    await env.advance('1 minute');
    expect(await run).toBe('second');
  });
});

test.each([
  ['updateOptions', (handle: ActivityHandle) => handle.updateOptions({ heartbeatTimeout: '90m' })],
  ['reset', (handle: ActivityHandle) => handle.reset({ restoreOriginalOptions: true })],
])('%s does not change the semantics of an environment', async (_, change) => {
  const env = new TestActivityEnvironment({ semantics: 'temporal' });
  const heard: unknown[] = [];
  const handle = env.start(
    async (ctx) => {
      if (ctx.info.attempt === 1 && heard.length === 0) {
        heard.push('began');
        throw new Error('no');
      }
      await ctx.sleep('1h').catch((error: unknown) => heard.push(error));
    },
    { heartbeatTimeout: '2h', retryPolicy: { initialInterval: '10m' } },
  );
  handle.result().catch(() => {});
  await env.advance(0);
  change(handle);
  await env.advance('11m');
  handle.cancel();
  await env.advance('1m');
  expect(heard).toEqual(['began']); // Temporal's sleep does not hear of it
});

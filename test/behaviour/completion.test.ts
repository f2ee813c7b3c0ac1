/** Attempts that are completed from outside, by task token and by handle. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  ActivityNotFoundError,
  ActivityStateError,
  CancelledFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, reportsOf, startsOf, timeoutOf } from '../support/outcomes.js';

const TOKEN = /^[\w-]{22}$/;

/** Runs an activity that is left open, and collects the tokens of its attempts. */
function leaveOpen(h: Harness, options: ActivityOptions = {}) {
  const tokens: string[] = [];
  const handle = h.start((ctx: ActivityContext): unknown => {
    tokens.push(ctx.info.taskToken);
    return ctx.completeAsync();
  }, options);
  return { handle, tokens, token: () => tokens.at(-1) ?? '', run: h.watch(handle.result()) };
}

describe('a task token', () => {
  test('has 22 characters, is always the same for one attempt, and differs between attempts', async () => {
    const h = new Harness();
    const tokens: string[] = [];
    void h.run((ctx) => {
      tokens.push(ctx.info.taskToken, ctx.info.taskToken);
      if (ctx.info.attempt < 3) throw new Error('no');
    });
    await h.advance(10_000);
    tokens.forEach((token) => expect(token).toMatch(TOKEN));
    expect(tokens).toHaveLength(6);
    expect(new Set(tokens).size).toBe(3);
  });

  test('appears nowhere except in ctx.info', async () => {
    const h = new Harness();
    const said: unknown[] = [];
    const tokens: string[] = [];
    const handle = h.start(
      (ctx) => {
        tokens.push(ctx.info.taskToken);
        said.push(JSON.stringify(ctx.info), { ...ctx.info }, Object.keys(ctx.info));
        ctx.log.warn('a line', { more: ctx.info });
        ctx.heartbeat(1);
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 2 } },
    );
    const run = h.watch(handle.result());
    said.push(handle.describe());
    await h.advance(10_000);
    const { stack, message, ...fields } = failureOf(run);
    const unknown = await h.engine.completion.fail(tokens[0] ?? '', 1).catch((e: unknown) => e);
    said.push(h.events, h.logs, stack, message, fields, handle.describe());
    said.push(String(unknown), (unknown as Error).stack, Object.entries(unknown as Error));
    const text = JSON.stringify(said);
    expect(tokens).toHaveLength(2);
    tokens.forEach((token) => expect(text).not.toContain(token));
  });

  test.each([undefined, null, 5, {}, ['x'], new Uint16Array(8), new ArrayBuffer(16)])(
    'that is %o throws a TypeError',
    async (token) => {
      const { completion } = new Harness().engine;
      const bad = token as string;
      await expect(completion.complete(bad)).rejects.toThrow(TypeError);
      await expect(completion.fail(bad, 1)).rejects.toThrow(TypeError);
      await expect(completion.heartbeat(bad)).rejects.toThrow(TypeError);
      await expect(completion.reportCancellation(bad)).rejects.toThrow(TypeError);
    },
  );

  test.each<[string, (bytes: Uint8Array) => string | Uint8Array]>([
    ['bytes', (bytes) => bytes],
    ['a Buffer', (bytes) => Buffer.from(bytes)],
    [
      'bytes of another realm',
      (bytes) => runInNewContext('Uint8Array.from(bytes)', { bytes }) as Uint8Array,
    ],
    ['base64', (bytes) => Buffer.from(bytes).toString('base64')],
    ['base64url', (bytes) => Buffer.from(bytes).toString('base64url')],
  ])('may be given as %s', async (_, given) => {
    const h = new Harness();
    const { completion } = h.engine;
    // Enough to include the characters that differ between the two kinds of base64.
    for (let count = 0; count < 30; count++) {
      const { token, run } = leaveOpen(h);
      const bytes = Uint8Array.from(Buffer.from(token(), 'base64url'));
      await completion.complete(given(bytes), count);
      await h.turn();
      expect(run.outcome).toMatchObject({ value: count });
    }
  });

  test('of an ended or unknown attempt is not found', async () => {
    const h = new Harness();
    const { completion } = h.engine;
    const { token, tokens } = leaveOpen(h, { startToCloseTimeout: 100 });
    await h.advance(1_150); // the second attempt, from 1,100 to 1,200
    expect(tokens).toHaveLength(2);
    await completion.complete(token(), 1);
    for (const ended of [...tokens, '', 'x'.repeat(22), '__proto__', new Uint8Array(16)]) {
      await expect(completion.complete(ended)).rejects.toThrow(ActivityNotFoundError);
      await expect(completion.fail(ended, 1)).rejects.toThrow(ActivityNotFoundError);
      await expect(completion.heartbeat(ended)).rejects.toThrow(ActivityNotFoundError);
      await expect(completion.reportCancellation(ended)).rejects.toThrow(ActivityNotFoundError);
    }
  });
});

describe('ctx.completeAsync', () => {
  test("frees the slot, and the function's outcome is ignored afterwards", async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const open = h.start((ctx) => {
      try {
        ctx.completeAsync();
      } catch {
        // continues anyway
      }
      return 'ignored';
    });
    const run = h.watch(open.result());
    await h.advance(1_000);
    expect(run.outcome.state).toBe('pending');
    await expect(h.run(() => 'next')).resolves.toBe('next');
    expect(h.engine.stats()).toMatchObject({ open: 1, running: 1 });
    open.complete('outside');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'outside' });
    expect(h.engine.stats()).toMatchObject({ open: 0, running: 0 });
  });

  test('called twice frees the slot only once', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const thrown: unknown[] = [];
    const open = h.start((ctx) => {
      for (let call = 1; call <= 2; call++) {
        try {
          ctx.completeAsync();
        } catch (error) {
          thrown.push(error);
        }
      }
    });
    const left = new Error(
      'ctx.completeAsync() leaves the activity open; this error ends the function',
    );
    expect(thrown).toEqual([left, left]);
    await h.turn();
    void h.run(never);
    void h.run(never);
    open.complete();
    await h.turn();
    expect(h.engine.stats()).toMatchObject({ open: 2, running: 1, waiting: 1 });
  });

  test('keeps the timeouts: an open attempt times out and is retried', async () => {
    const h = new Harness();
    const { token, run } = leaveOpen(h, { heartbeatTimeout: 1_000 });
    await h.advance(900);
    await h.engine.completion.heartbeat(token(), 'here');
    await h.advance(900);
    expect(startsOf(h)).toEqual([0]);
    await h.advance(1_200);
    expect(startsOf(h)).toEqual([0, 2_900]);
    expect(h.of('attemptFailed')[0]?.failure).toMatchObject({
      timeoutType: 'HEARTBEAT',
      lastHeartbeatDetails: 'here',
    });
    expect(h.of('attemptAbandoned')).toEqual([]);
    await h.engine.completion.complete(token(), 'done');
    expect(run.outcome).toMatchObject({ value: 'done' });
  });

  test('makes the last timeout the outcome', async () => {
    const h = new Harness();
    const { run } = leaveOpen(h, {
      startToCloseTimeout: 100,
      retryPolicy: { maximumAttempts: 1 },
    });
    await h.advance(200);
    expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });
});

describe.each(['token', 'handle'] as const)('from outside, by %s', (by) => {
  type Open = ReturnType<typeof leaveOpen>;
  const speak = (h: Harness, { handle, token }: Open) => {
    const { completion } = h.engine;
    if (by === 'token') {
      return {
        complete: (result: unknown) => completion.complete(token(), result),
        fail: (error: unknown) => completion.fail(token(), error),
        heartbeat: (details?: unknown) => completion.heartbeat(token(), details),
        reportCancellation: (details?: unknown) => completion.reportCancellation(token(), details),
      };
    }
    return {
      complete: async (result: unknown) => handle.complete(result),
      fail: async (error: unknown) => handle.fail(error),
      heartbeat: async (details?: unknown) => handle.heartbeat(details),
      reportCancellation: async (details?: unknown) => handle.reportCancellation(details),
    };
  };

  test('complete passes the result on without a copy', async () => {
    const h = new Harness();
    const open = leaveOpen(h);
    const result = { a: 1 };
    await h.turn(); // the function has ended
    await speak(h, open).complete(result);
    expect(await open.handle.result()).toBe(result);
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  });

  test('complete refuses a promise, and the attempt stays open', async () => {
    const h = new Harness();
    const open = leaveOpen(h);
    await expect(speak(h, open).complete(Promise.resolve(1))).rejects.toThrow(
      new TypeError('complete: received an instance of Promise; expected the awaited value'),
    );
    const callable = Object.assign(() => {}, { then: () => {} });
    await expect(speak(h, open).complete(callable)).rejects.toThrow(/the awaited value/);
    await speak(h, open).complete(1);
    expect(await open.handle.result()).toBe(1);
  });

  test('complete wins over a function that is still running', async () => {
    const h = new Harness();
    let token = '';
    const handle = h.start(async (ctx): Promise<unknown> => {
      token = ctx.info.taskToken;
      await ctx.sleep(100);
      return 'late';
    });
    await h.turn();
    await speak(h, { handle, token: () => token } as Open).complete('outside');
    await h.advance(200);
    expect(await handle.result()).toBe('outside');
    expect(h.of('attemptAbandoned')).toHaveLength(1);
    expect(h.of('attemptSettled')).toHaveLength(1);
  });

  test('fail works as if the function had thrown the error', async () => {
    const h = new Harness();
    const open = leaveOpen(h, { retryPolicy: { maximumAttempts: 2 } });
    const error = new Error('no');
    await speak(h, open).fail(error);
    await h.advance(1_000);
    expect(startsOf(h)).toEqual([0, 1_000]);
    await speak(h, open).fail('not an error');
    await h.turn();
    expect(h.of('attemptFailed')[0]?.failure).toBe(error);
    expect(failureOf(open.run)).toMatchObject({
      retryState: 'MAXIMUM_ATTEMPTS_REACHED',
      cause: { details: ['not an error'] },
    });
  });

  test('heartbeat stores the details and then throws the cancellation', async () => {
    const h = new Harness();
    const open = leaveOpen(h, { cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
    const outside = speak(h, open);
    await outside.heartbeat(1);
    open.handle.cancel('stop');
    const thrown = await outside.heartbeat(2).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CancelledFailure);
    expect(thrown).toMatchObject({ message: 'CANCELLED', cause: 'stop' });
    expect(reportsOf(h)).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(open.handle.describe().heartbeatDetails).toBe(2);
    await outside.fail(thrown);
    await h.turn();
    expect(failureOf(open.run)).toMatchObject({ retryState: 'CANCEL_REQUESTED' });
    expect(h.of('failed')[0]).toMatchObject({ status: 'CANCELED' });
  });

  test.each(['pause', 'reset'] as const)(
    'heartbeat throws the reason for %s',
    async (operation) => {
      const h = new Harness();
      const open = leaveOpen(h);
      open.handle[operation]();
      const thrown = await speak(h, open)
        .heartbeat()
        .catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(CancelledFailure);
      expect((thrown as Error).message).toBe(operation === 'pause' ? 'PAUSED' : 'RESET');
    },
  );

  test('reportCancellation ends a cancelled activity with its details', async () => {
    const h = new Harness();
    const open = leaveOpen(h, { cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
    open.handle.cancel();
    await speak(h, open).reportCancellation({ cleaned: true });
    await h.turn();
    const failure = failureOf(open.run);
    expect(failure.cause).toBeInstanceOf(CancelledFailure);
    expect(failure.retryState).toBe('CANCEL_REQUESTED');
    expect(failure.cause).toMatchObject({ message: 'CANCELLED', cause: { cleaned: true } });
    expect(h.of('failed')[0]).toMatchObject({ status: 'CANCELED' });
  });

  test('reportCancellation is not a failed attempt, whether or not the function has been told', async () => {
    for (const details of [undefined, { rows: 3 }]) {
      const h = new Harness();
      const open = leaveOpen(h);
      await h.turn(); // the function has ended
      open.handle.cancel();
      await speak(h, open).reportCancellation(details);
      expect(h.names()).toEqual(['scheduled', 'started', 'failed']);
      expect(open.handle.describe().lastFailure).toBeUndefined();
    }
  });

  test('reportCancellation without a request throws an ActivityStateError', async () => {
    const h = new Harness();
    const open = leaveOpen(h);
    const error = await speak(h, open)
      .reportCancellation()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ActivityStateError);
    expect(error).toMatchObject({ operation: 'reportCancellation', runState: 'STARTED' });
    expect(open.run.outcome.state).toBe('pending');
  });
});

test('a failure whose getter ends the activity ends it only once', async () => {
  const h = new Harness();
  const failure = new Error('no');
  Object.defineProperty(failure, 'constructor', { get: () => handle.terminate() });
  const handle = h.start(() => Promise.reject(failure), {
    retryPolicy: { nonRetryableErrorTypes: ['Other'] },
  });
  await h.turn();
  expect(h.names()).toEqual(['scheduled', 'started', 'failed']);
  expect(h.engine.stats()).toMatchObject({
    open: 0,
    running: 0,
    waiting: 0,
    paused: 0,
    delayed: 0,
  });
});

describe('the handle of an activity in a backoff', () => {
  const inBackoff = async (h: Harness) => {
    const handle = h.start((): string => {
      throw new Error('no');
    });
    await h.advance(100);
    return handle;
  };

  test('can complete it', async () => {
    const h = new Harness();
    const handle = await inBackoff(h);
    handle.complete('outside');
    expect(await handle.result()).toBe('outside');
    await h.advance(5_000);
    expect(startsOf(h)).toEqual([0]);
    expect(h.clock.pending).toBe(0);
  });

  test('finds no attempt to fail, heartbeat or report as cancelled', async () => {
    const handle = await inBackoff(new Harness());
    expect(() => handle.fail(new Error('x'))).toThrow(ActivityNotFoundError);
    expect(() => handle.heartbeat()).toThrow(ActivityNotFoundError);
    expect(() => handle.reportCancellation()).toThrow(ActivityNotFoundError);
  });

  test('finds nothing once the activity has closed', async () => {
    const h = new Harness();
    const handle = h.start(() => 1);
    await handle.result();
    for (const act of [
      () => handle.complete(1),
      () => handle.fail(1),
      () => handle.heartbeat(),
      () => handle.reportCancellation(),
    ]) {
      expect(act).toThrow(ActivityNotFoundError);
    }
  });
});

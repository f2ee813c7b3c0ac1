/** The rows of RULES.md about completion from outside, for a runtime in one process. */
import { expect, test } from 'vitest';
import {
  ActivityNotFoundError,
  CancelledFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { ActivityHandle } from '../../src/runtime/handle.js';
import { Harness } from '../support/harness.js';
import { failureOf, reportsOf } from '../support/outcomes.js';

const WAYS = ['token', 'id'] as const;
const ID = 'import-7';

/** Like `ActivityRuntime.getHandle`. */
function getHandle(h: Harness, activityId: string) {
  const execution = h.engine.find(activityId);
  return new ActivityHandle(execution, execution.result);
}

/** Starts an activity that is left open, with the four operations for its attempt. */
function leaveOpen(h: Harness, way: (typeof WAYS)[number], options: ActivityOptions = {}) {
  const tokens: string[] = [];
  const handle = h.start(
    (ctx: ActivityContext<string>): string => {
      tokens.push(ctx.info.taskToken);
      return ctx.completeAsync();
    },
    { activityId: ID, ...options },
  );
  const { completion } = h.engine;
  const token = () => tokens.at(-1) ?? '';
  const byId = getHandle(h, ID);
  const byToken = {
    complete: (result: unknown) => completion.complete(token(), result),
    fail: (error: unknown) => completion.fail(token(), error),
    heartbeat: (details: unknown) => completion.heartbeat(token(), details),
    reportCancellation: (details: unknown) => completion.reportCancellation(token(), details),
  };
  const byHandle: typeof byToken = {
    complete: async (result) => byId.complete(result),
    fail: async (error) => byId.fail(error),
    heartbeat: async (details) => byId.heartbeat(details),
    reportCancellation: async (details) => byId.reportCancellation(details),
  };
  return {
    handle,
    tokens,
    run: h.watch(handle.result()),
    outside: way === 'token' ? byToken : byHandle,
  };
}

// A departure: on Temporal the next heartbeat delivers it; here it is delivered at once.
test('row 7: a running function is told NOT_FOUND when its activity is completed', async () => {
  const h = new Harness();
  let signal!: AbortSignal;
  const handle = h.start(async (ctx): Promise<string> => {
    signal = ctx.signal;
    await ctx.sleep('1h');
    return 'inside';
  });
  handle.complete('outside');
  expect(signal.reason).toBeInstanceOf(CancelledFailure);
  expect(signal.reason).toMatchObject({ message: 'NOT_FOUND' });
  await expect(handle.result()).resolves.toBe('outside');
});

test.each(WAYS)('row 17: an activity that was left open is completed by %s', async (way) => {
  const h = new Harness();
  const { run, outside } = leaveOpen(h, way);
  await h.advance(60_000);
  expect(run.outcome.state).toBe('pending');
  await outside.complete('done');
  await h.turn();
  expect(run.outcome).toEqual({ state: 'resolved', value: 'done', at: 60_000 });
});

// A departure: Temporal encodes the error; here the caller gets the same object.
test.each(WAYS)('row 17: an activity that was left open is failed by %s', async (way) => {
  const h = new Harness();
  const { run, outside } = leaveOpen(h, way, { retryPolicy: { maximumAttempts: 1 } });
  await h.advance(60_000);
  const error = new Error('no');
  await outside.fail(error);
  await h.turn();
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
  expect(failureOf(run).cause).toBe(error);
});

const OPERATIONS = ['complete', 'fail', 'heartbeat', 'reportCancellation'] as const;

test.each(OPERATIONS)('row 18: %s finds no attempt for an unknown token', async (operation) => {
  const h = new Harness();
  leaveOpen(h, 'token');
  const attempt = h.engine.completion[operation]('x'.repeat(22), 'something');
  await expect(attempt).rejects.toThrow(ActivityNotFoundError);
});

test.each(OPERATIONS)(
  'row 18: %s finds no attempt for the token of an earlier attempt',
  async (operation) => {
    const h = new Harness();
    const { run, tokens, outside } = leaveOpen(h, 'token', { startToCloseTimeout: '1s' });
    await h.advance(2_500); // the second attempt, from 2 s to 3 s
    expect(tokens).toHaveLength(2);
    const attempt = h.engine.completion[operation](tokens[0]!, 'something');
    await expect(attempt).rejects.toThrow(ActivityNotFoundError);
    await outside.complete('done');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'done' });
  },
);

test('row 18: nothing is found for an unknown id', () => {
  const h = new Harness();
  leaveOpen(h, 'id');
  expect(() => getHandle(h, 'import-8')).toThrow(
    expect.objectContaining({ name: 'ActivityNotFoundError', activityId: 'import-8' }),
  );
});

test.each(OPERATIONS.flatMap((operation) => WAYS.map((way) => [operation, way] as const)))(
  'row 18: %s by %s finds no attempt of an activity that has closed',
  async (operation, way) => {
    const h = new Harness();
    const { run, outside } = leaveOpen(h, way);
    await outside.complete('done');
    await expect(outside[operation]('something')).rejects.toThrow(ActivityNotFoundError);
    expect(run.outcome).toMatchObject({ value: 'done' });
  },
);

// A departure: Temporal throws an error of another class than the one that functions get.
test.each(WAYS)(
  'row 19: a heartbeat by %s throws the cancellation, and its report reaches the caller',
  async (way) => {
    const h = new Harness();
    const { handle, run, outside } = leaveOpen(h, way, {
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    await outside.heartbeat('begun');
    handle.cancel('enough');
    const thrown = await outside.heartbeat('halfway').catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CancelledFailure);
    expect(thrown).toMatchObject({ message: 'CANCELLED', cause: 'enough' });
    expect(reportsOf(h)).toEqual([
      ['begun', 0],
      ['halfway', 0],
    ]);
    expect(run.outcome.state).toBe('pending');

    await outside.reportCancellation('cleaned up');
    await h.turn();
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'CANCEL_REQUESTED' });
    expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
    expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED', cause: 'cleaned up' });
    expect(handle.describe().status).toBe('CANCELED');
  },
);

test.each(WAYS)(
  'row 47: a completion by %s after TRY_CANCEL does not change what the caller got',
  async (way) => {
    const h = new Harness();
    const { handle, run, outside } = leaveOpen(h, way);
    handle.cancel('enough');
    await h.turn();
    const failure = failureOf(run);
    await outside.complete('done all the same');
    await expect(handle.result()).rejects.toBe(failure);
    expect(failure.cause).toMatchObject({ message: 'CANCELLED', cause: 'enough' });
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  },
);

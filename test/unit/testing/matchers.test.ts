/** The matchers, as a user of Vitest gets them with one import. */
import 'systole/testing/matchers';
import { describe, expect, test } from 'vitest';
import { ApplicationFailure } from 'systole';
import { TestActivityEnvironment } from 'systole/testing';
import { matchers } from 'systole/testing/matchers';
import { never } from '../../support/harness.js';

function messageOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the assertion holds');
}

/** Two attempts: one fails after a heartbeat, one completes. */
async function twoAttempts(): Promise<TestActivityEnvironment> {
  const env = new TestActivityEnvironment();
  env.failOnHeartbeat(1, new Error('no'));
  await env.run((ctx) => ctx.heartbeat({ line: 1 }), { activityType: 'import' });
  return env;
}

describe('toHaveHeartbeat', () => {
  test('passes for details of any attempt, equal or matched', async () => {
    const env = await twoAttempts();
    expect(env).toHaveHeartbeat({ line: 1 });
    expect(env).toHaveHeartbeat({ line: expect.any(Number) as number });
    expect(env).not.toHaveHeartbeat({ line: 2 });
    expect(env).not.toHaveHeartbeat();
  });

  test.each([
    [new Map([['line', 1]]), new Map([['line', 2]]), 'Map{"line":2}'],
    [new Set([1]), new Set([2]), 'Set{2}'],
    [{ done: new Set(['a']) }, { done: new Set(['b']) }, '{"done":Set{"b"}}'],
    [NaN, null, 'null'],
    [null, NaN, 'NaN'],
  ])('compares %o', async (details, other, shown) => {
    const env = new TestActivityEnvironment();
    await env.run((ctx) => ctx.heartbeat(details));
    expect(env).toHaveHeartbeat(structuredClone(details));
    expect(env).not.toHaveHeartbeat(other);
    expect(messageOf(() => expect(env).toHaveHeartbeat(other))).toContain(
      `with details ${shown}\n`,
    );
  });

  test('needs only equals from the framework', async () => {
    const state = { equals: (a: unknown, b: unknown) => a === b };
    const env = new TestActivityEnvironment();
    await env.run((ctx) => ctx.heartbeat(1));
    expect(matchers.toHaveHeartbeat.call(state, env, 1).pass).toBe(true);
  });

  test('shows the actual heartbeats', async () => {
    const env = await twoAttempts();
    expect(messageOf(() => expect(env).toHaveHeartbeat({ line: 2 }))).toMatch(
      /^expected env to have a heartbeat with details \{"line":2\}\n\nimport \(.*♥ \{"line":1\}/s,
    );
    expect(messageOf(() => expect(env).not.toHaveHeartbeat({ line: 1 }))).toMatch(
      /^expected env not to have a heartbeat with details \{"line":1\}/,
    );
  });
});

describe('toHaveRetried', () => {
  test('counts the attempts beyond the first of each activity', async () => {
    const env = await twoAttempts();
    await env.run(() => 1);
    expect(env).toHaveRetried(1);
    expect(env).not.toHaveRetried(2);
    expect(new TestActivityEnvironment()).toHaveRetried(0);
  });

  test('does not count a second run of an id or an activity that never began, but counts after a reset', async () => {
    const env = new TestActivityEnvironment();
    await env.run(() => 1, { activityId: 'x' });
    await env.run(() => 1, { activityId: 'x' });
    const handle = env.start(never);
    const waiting = env.start(never, { startDelay: '1h' });
    expect(env).toHaveRetried(0);
    handle.reset();
    handle.fail(new Error('no'));
    expect(env).toHaveRetried(0);
    await env.advance('1s');
    expect(env).toHaveRetried(1);
    waiting.terminate();
    handle.terminate();
  });

  test('shows the actual number', async () => {
    const env = await twoAttempts();
    expect(messageOf(() => expect(env).toHaveRetried(5))).toMatch(
      /^expected env to have a retry count of 5, but it was 1\n\nimport/,
    );
  });
});

describe('toFailWith', () => {
  const fail = async (error: Error): Promise<TestActivityEnvironment> => {
    const env = new TestActivityEnvironment();
    const activity = (): never => {
      throw error;
    };
    await env.run(activity, { retryPolicy: { maximumAttempts: 1 } }).catch(() => {});
    return env;
  };

  test('accepts the type of an ApplicationFailure and the name of any other error', async () => {
    const declined = await fail(ApplicationFailure.nonRetryable('declined', 'CardError'));
    expect(declined).toFailWith({ type: 'CardError' });
    expect(declined).not.toFailWith({ type: 'ApplicationFailure' });
    expect(declined).not.toFailWith({ timeoutType: 'HEARTBEAT' });
    expect(await fail(new RangeError('no'))).toFailWith({ type: 'RangeError' });
    expect(await fail(new DOMException('no', 'AbortError'))).toFailWith({ type: 'AbortError' });
  });

  test('accepts a class by its name, like nonRetryableErrorTypes', async () => {
    class CardError extends Error {}
    expect(await fail(new CardError('no'))).toFailWith({ type: 'CardError' });
  });

  test('accepts the type of a timeout', async () => {
    const env = new TestActivityEnvironment();
    const run = env.run(never, { startToCloseTimeout: '1s', retryPolicy: { maximumAttempts: 1 } });
    await env.advance('1s');
    await run.catch(() => {});
    expect(env).toFailWith({ timeoutType: 'START_TO_CLOSE' });
    expect(env).toFailWith({ type: 'TimeoutFailure', timeoutType: 'START_TO_CLOSE' });
    expect(env).not.toFailWith({ timeoutType: 'HEARTBEAT' });
    expect(messageOf(() => expect(env).toFailWith({ type: 'CardError' }))).toMatch(
      /^expected env to have a failure with \{"type":"CardError"\}; found: a START_TO_CLOSE timeout\n\n/,
    );
  });

  test('fails for an activity that has not failed, even if an attempt has', async () => {
    const env = await twoAttempts();
    expect(env).not.toFailWith({ type: 'Error' });
    expect(messageOf(() => expect(env).toFailWith({ type: 'Error' }))).toContain(
      'no activity failed',
    );
    expect(() => expect(env).toFailWith({})).toThrow(/\{ type \} or \{ timeoutType \}/);
  });
});

test.each(Object.keys(matchers))(
  '%s on a value that is no environment says what it expects',
  (name) => {
    const assertion = expect(42) as unknown as Record<string, (expected: unknown) => void>;
    expect(() => assertion[name]!({ type: 'x' })).toThrow(
      `${name}: received 42; expected a TestActivityEnvironment`,
    );
  },
);

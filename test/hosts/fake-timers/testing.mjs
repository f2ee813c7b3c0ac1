/** The test environment and its matchers, as users of each framework have them. */
import assert from 'node:assert/strict';
import 'systole/testing/matchers';
import { isTimeout } from 'systole';
import { TestActivityEnvironment } from 'systole/testing';

const HOUR = 3_600_000;

/** Two attempts: the first fails after an hour and two heartbeats, the second hangs after one. */
async function twoAttempts() {
  const env = new TestActivityEnvironment();
  env.failOnHeartbeat(2, new Error('connection lost'));
  env.timeoutOnHeartbeat(3);
  const importRows = async (ctx) => {
    let line = ctx.heartbeatDetails?.line ?? 0;
    await ctx.sleep('1h');
    while (line < 10) ctx.heartbeat({ line: ++line });
  };
  const options = { heartbeatTimeout: '2h', retryPolicy: { maximumAttempts: 2 } };
  const failure = await env.run(importRows, options).catch((error) => error);
  return { env, failure };
}

function messageOf(assertion) {
  try {
    assertion();
  } catch (error) {
    return error.message;
  }
  throw new Error('the assertion holds');
}

/** Declares the tests of the environment; `timers` are the framework's, as in `scenarios.mjs`. */
export function environmentTests({ describe, test }, timers) {
  describe('TestActivityEnvironment', () => {
    const run = async () => {
      const { env, failure } = await twoAttempts();
      assert.ok(isTimeout(failure, 'HEARTBEAT'));
      assert.deepEqual(failure.cause.lastHeartbeatDetails, { line: 3 });
      assert.deepEqual(
        [...env.heartbeats],
        [1, 2, 3].map((line) => ({ line })),
      );
      assert.equal(env.attempts.length, 2);
      assert.ok(Math.abs(env.now() - 4 * HOUR - 1_000) < 10, `ends at ${env.now()}`);
    };

    test('takes no time with real timers', run);

    test('takes no time with fake timers', async () => {
      timers.install();
      try {
        await run();
      } finally {
        timers.uninstall();
      }
    });
  });
}

/** Declares the tests of the matchers, which the importing file has registered. */
export function matcherTests({ describe, test, expect }) {
  describe('systole/testing/matchers', () => {
    test('pass when they should', async () => {
      const { env } = await twoAttempts();
      expect(env).toHaveHeartbeat({ line: 3 });
      expect(env).toHaveHeartbeat(expect.objectContaining({ line: expect.any(Number) }));
      expect(env).toHaveRetried(1);
      expect(env).toFailWith({ timeoutType: 'HEARTBEAT' });
      expect(env).not.toHaveHeartbeat({ line: 4 });
      expect(env).not.toHaveRetried(2);
      expect(env).not.toFailWith({ timeoutType: 'START_TO_CLOSE' });
    });

    test('fail with an explanation when they should', async () => {
      const { env } = await twoAttempts();
      const messages = [
        messageOf(() => expect(env).toHaveHeartbeat({ line: 4 })),
        messageOf(() => expect(env).not.toHaveHeartbeat({ line: 3 })),
        messageOf(() => expect(env).toHaveRetried(2)),
        messageOf(() => expect(env).toFailWith({ type: 'CardError' })),
        messageOf(() => expect(env).not.toFailWith({ timeoutType: 'HEARTBEAT' })),
        messageOf(() => expect('env').toHaveRetried(1)),
      ];
      const expected = [
        /^expected env to have a heartbeat with details \{"line":4\}\n\nimportRows/,
        /^expected env not to have a heartbeat with details \{"line":3\}/,
        /^expected env to have a retry count of 2, but it was 1/,
        /^expected env to have a failure with \{"type":"CardError"\}; found: a HEARTBEAT timeout/,
        /^expected env not to have a failure with/,
        /^toHaveRetried: received "env"/,
      ];
      expected.forEach((pattern, n) => assert.match(messages[n], pattern));
    });
  });
}

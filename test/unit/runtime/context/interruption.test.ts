/** Being told to stop: what does not accept it, and what does not wait for it. */
import { describe, expect, test } from 'vitest';
import { ApplicationFailure } from '../../../../src/index.js';
import { TestActivityEnvironment } from '../../../../src/testing.js';
import { Harness } from '../../../support/harness.js';
import { failureOf } from '../../../support/outcomes.js';
import { turn } from '../../../support/virtual-clock.js';

/** The failure of a cancelled activity whose function throws this when it is told. */
async function failureAfter(thrown: unknown) {
  const h = new Harness();
  const handle = h.start(
    async (ctx) => {
      await ctx.cancelled.catch(() => {});
      throw thrown;
    },
    {
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      cancellationDelivery: 'immediate',
    },
  );
  const run = h.watch(handle.result());
  handle.cancel();
  await h.turn();
  expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'CANCEL_REQUESTED' });
  return failureOf(run);
}

describe('a cancellation is not accepted by', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'AbortError'],
    ['a function named AbortError', function AbortError() {}],
    ['an object with another name', { name: 'TimeoutError' }],
  ])('throwing %s, the only detail of the failure', async (_, thrown) => {
    const { cause } = await failureAfter(thrown);
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect((cause as ApplicationFailure).details).toHaveLength(1);
    expect((cause as ApplicationFailure).details[0]).toBe(thrown);
  });
});

test('a sleep that is over is not a wait: time stands still while the function works', async () => {
  const env = new TestActivityEnvironment();
  let finish!: (value: string) => void;
  const run = env.run(
    async (ctx) => {
      await ctx.sleep('1s');
      return new Promise<string>((resolve) => (finish = resolve));
    },
    { startToCloseTimeout: '1m', retryPolicy: { maximumAttempts: 1 } },
  );
  run.catch(() => {});
  for (let turns = 1; turns <= 20; turns++) await turn();
  expect(env.now()).toBe(1_000);
  finish('done');
  await expect(run).resolves.toBe('done');
});

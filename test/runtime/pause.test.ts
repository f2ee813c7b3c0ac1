/** Pause, unpause, reset and updateOptions where they meet other states of an activity. */
import { expect, test } from 'vitest';
import { ApplicationFailure } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { startsOf } from '../support/outcomes.js';

function failing(): never {
  throw new Error('boom');
}

test('pause and unpause while the store is read start no attempt before it has answered', async () => {
  let answer!: (value: undefined) => void;
  const store = {
    get: () => new Promise<undefined>((resolve) => (answer = resolve)),
    set: () => undefined,
    delete: () => undefined,
  };
  const h = new Harness({ store });
  const handle = h.start(never, { activityId: 'a' });
  handle.pause();
  handle.unpause();
  const early = h.of('started').length;
  answer(undefined);
  await h.advance(100);
  expect(early).toBe(0);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1]);
  expect(h.engine.stats()).toMatchObject({ open: 1, running: 1 });
});

test('a paused activity gives its slot back when attemptOverlap is over', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const handle = h.start(never, { startToCloseTimeout: '1s', attemptOverlap: '5s' });
  const other = h.start(never);
  handle.pause();
  await h.advance(1_000);
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
  await h.advance(60_000);
  expect(h.of('started').map(({ activityId, at }) => [activityId, at])).toEqual([
    [handle.activityId, 0],
    [other.activityId, 6_000],
  ]);
});

test('updateOptions of the retry policy leaves a nextRetryDelay alone', async () => {
  const h = new Harness();
  const handle = h.start(() => {
    throw new ApplicationFailure('later', { nextRetryDelay: '30s' });
  });
  await h.advance(0);
  handle.updateOptions({ retryPolicy: { initialInterval: '5s' } });
  expect(handle.describe().currentRetryInterval).toBe(30_000);
  await h.advance(30_000);
  expect(startsOf(h)).toEqual([0, 30_000]);
});

test('updateOptions of the retry policy recomputes the backoff from the end of the attempt', async () => {
  const h = new Harness();
  const handle = h.start(failing, { retryPolicy: { initialInterval: '60s' } });
  await h.advance(2_000);
  handle.updateOptions({ retryPolicy: { initialInterval: '5s' } });
  expect(handle.describe().currentRetryInterval).toBe(5_000);
  await h.advance(3_000);
  expect(startsOf(h)).toEqual([0, 5_000]);
});

test('updateOptions of the retry policy puts no backoff before an attempt that a reset waits for', async () => {
  const h = new Harness();
  h.random = 0.5;
  const handle = h.start(failing, { retryPolicy: { initialInterval: '1h' } });
  await h.advance(1_000);
  handle.reset({ jitter: '20s' });
  handle.updateOptions({ retryPolicy: { initialInterval: '1h' } });
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 11_000]);
});

test('updateOptions of the retry policy puts no backoff after an accepted pause', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.cancelled, { cancellationDelivery: 'immediate' });
  handle.pause();
  await h.advance(1_000);
  handle.updateOptions({ retryPolicy: { initialInterval: '1h' } });
  handle.unpause();
  await h.advance(1_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
});

test('updateOptions of the priority moves an activity that waits for a slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const first = h.start(never);
  const second = h.start(never);
  const third = h.start(never);
  third.updateOptions({ priority: 1 });
  first.terminate();
  expect(third.describe().runState).toBe('STARTED');
  expect(second.describe().runState).toBe('SCHEDULED');
  third.terminate();
  second.terminate();
  await h.advance(100);
  expect(h.engine.stats()).toEqual({ open: 0, running: 0, waiting: 0, paused: 0, delayed: 0 });
});

test.each(['unpause', 'reset'] as const)('%s refuses an endless jitter', (operation) => {
  const h = new Harness();
  const handle = h.start(never, { startDelay: '1s' });
  handle.pause();
  expect(() => {
    handle[operation]({ jitter: Infinity });
  }).toThrow(TypeError);
});

test('an accepted pause parks at the next attempt, whatever maximumAttempts says', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.cancelled, {
    cancellationDelivery: 'immediate',
    retryPolicy: { maximumAttempts: 1 },
  });
  handle.pause();
  await h.advance(0);
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED', attempt: 2 });
  handle.unpause();
  await h.advance(0);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('a listener of reset that terminates has the last word', async () => {
  const h = new Harness();
  const handle = h.start(never, { startDelay: '1s' });
  handle.pause();
  h.engine.events.add(
    'reset',
    () => {
      handle.terminate();
    },
    false,
  );
  handle.reset();
  await h.advance(100);
  expect(h.names()).toEqual(['scheduled', 'paused', 'reset', 'failed']);
});

test('a reset attempt that fails non-retryably starts over at attempt 1', async () => {
  const h = new Harness();
  let calls = 0;
  const handle = h.start(async (ctx) => {
    await ctx.sleep(10);
    if (++calls === 1) throw ApplicationFailure.nonRetryable('no');
    return ctx.info.attempt;
  });
  handle.reset();
  await h.advance(100);
  expect(await handle.result()).toBe(1);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 1]);
});

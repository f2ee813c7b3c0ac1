/** `ctx.watch` and `ctx.yield` in a worker. */
import { describe, expect, test } from 'vitest';
import { poolOf, Recorded, rejection, retried, workers } from './pools.js';

describe.each(workers)('in a %s', (isolation) => {
  test('a stream that stalls fails the attempt, and the next one resumes', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation, { gracePeriod: '10s' });
    expect(await runtime.run(activities['watchesStream']!, retried)).toEqual([4, 5]);
    const [failed] = runtime.of('attemptFailed');
    expect(failed?.failure).toMatchObject({
      name: 'TimeoutFailure',
      timeoutType: 'STREAM',
      message: 'ctx.watch: no item came for 100 ms; items so far: 3',
      lastHeartbeatDetails: 3,
    });
  });

  test('a loop that yields lets timers fire, and hears a cancellation', async () => {
    const runtime = new Recorded();
    const handle = runtime.start(poolOf(isolation, { gracePeriod: '10s' }).activities['yields']!, {
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      heartbeatThrottleInterval: 0,
    });
    await runtime.next('heartbeat');
    handle.cancel();
    expect(await rejection(handle.result())).toMatchObject({ cause: { message: 'CANCELLED' } });
  });
});

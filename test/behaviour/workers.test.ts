/** A few activities in real workers. `test/workers` has the rest: `npm run test:workers`. */
import { describe, expect, test } from 'vitest';
import { WorkerCrashedError, WorkerTerminatedError } from '../../src/workers.js';
import { poolOf, Recorded, retried, workers } from '../workers/pools.js';

describe.each(workers)('in a %s', (isolation) => {
  test('a function that hangs is killed, one that crashes is replaced, and both resume', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation, { gracePeriod: 50 });
    const hangs = { args: ['loop'], activityId: 'hangs', startToCloseTimeout: 200, ...retried };
    const dies = { args: ['exit'], activityId: 'dies', ...retried };
    const runs = [
      runtime.run(activities['hangsOnce']!, hangs),
      runtime.run(activities['dies']!, dies),
    ];
    expect(await Promise.all(runs)).toEqual([{ step: 3 }, { step: 3 }]);
    expect(runtime.of('attemptSettled')).toMatchObject([
      { activityId: 'hangs', error: expect.any(WorkerTerminatedError) as unknown },
    ]);
    const failed = runtime.of('attemptFailed').find(({ activityId }) => activityId === 'dies');
    expect(failed?.failure).toBeInstanceOf(WorkerCrashedError);
  });
});

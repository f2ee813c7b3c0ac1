import { expect, test } from 'vitest';
import { ActivityRuntime, CancelledFailure } from 'systole';
import { contextInterceptor } from 'systole/context';
import { callLater, importRows, refuse, untilCancelled } from './activities.js';

const runtime = new ActivityRuntime({ interceptors: [contextInterceptor], logger: false });

test('resumes where the attempt before has stopped', async () => {
  const starts: number[] = [];
  runtime.on('started', ({ attempt }) => starts.push(attempt));
  expect(await runtime.run(() => importRows(['a', 'b', 'c']))).toBe(3);
  expect(starts).toEqual([1, 2]);
});

test('fails for good', async () => {
  await expect(runtime.run(refuse)).rejects.toMatchObject({
    retryState: 'NON_RETRYABLE_FAILURE',
    cause: { type: 'Refused', details: [1] },
  });
});

test('is cancelled', async () => {
  const handle = runtime.start(untilCancelled);
  handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({
    cause: expect.any(CancelledFailure) as unknown,
  });
  await handle.settled();
});

test('is completed from outside', async () => {
  const handle = runtime.start(callLater);
  await new Promise((resolve) => setTimeout(resolve, 5));
  handle.complete('done' as never);
  expect(await handle.result()).toBe('done');
});

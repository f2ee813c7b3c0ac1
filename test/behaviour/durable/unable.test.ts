/** An activity whose function this process could not run stays in the ledger. */
import { describe, expect, test } from 'vitest';
import { ActivityFailure, ApplicationFailure, type ActivityContext } from '../../../src/index.js';
import { markUnable } from '../../../src/runtime/shared/unable.js';
import { Harness } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { processOn } from '../../support/processes.js';

const unable = (): Error =>
  markUnable(new ApplicationFailure('no module', { type: 'X', nonRetryable: true }));

const work = (): never => {
  throw unable();
};

describe('a failure that says that this process could not run the function', () => {
  test('reaches the caller, and the activity stays in the ledger for the next process', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(
      h.run(
        (ctx: ActivityContext<number>) => {
          ctx.heartbeat(5);
          return work();
        },
        { activityId: 'x', activityType: 'work', priority: 2 },
      ),
    );
    await h.turn();
    expect(run.outcome).toMatchObject({
      state: 'rejected',
      error: { retryState: 'NON_RETRYABLE_FAILURE', cause: { message: 'no module' } },
    });
    expect(disk.rows.get('x')).toMatchObject({
      entry: { attempt: 1, runState: 'SCHEDULED' },
      snapshot: '{"json":5}',
      owner: undefined,
    });

    const next = processOn(disk);
    const seen: unknown[] = [];
    await next.engine.recover({
      work: (ctx: ActivityContext<number>) => {
        seen.push(ctx.info.attempt, ctx.heartbeatDetails, ctx.info.priority);
      },
    });
    await next.turn();
    expect(seen).toEqual([1, 5, 2]);
    expect(disk.rows.size).toBe(0);
  });

  test('says it for the activity that has run another one', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const outer = (): Promise<unknown> => h.run(work, { activityType: 'inner' });
    const retryPolicy = { maximumAttempts: 2, initialInterval: 1 };
    const run = h.watch(h.run(outer, { activityId: 'x', retryPolicy }));
    await h.advance(10);
    expect(run.outcome).toMatchObject({ error: { cause: { cause: { message: 'no module' } } } });
    expect(disk.rows.get('x')?.entry).toMatchObject({ attempt: 2, runState: 'SCHEDULED' });
  });

  test('does not count as an attempt, although hooks hear of it', async () => {
    const disk = new MemoryDisk();
    const heard: unknown[] = [];
    const onFailedAttempt = (failure: Error): void => void heard.push(failure.message);
    const h = processOn(disk, { defaults: { retryPolicy: { onFailedAttempt } } });
    const run = h.watch(h.run(work, { activityId: 'x' }));
    await h.turn();
    expect(run.outcome.state).toBe('rejected');
    expect(heard).toEqual(['no module']);
    const { entry } = disk.rows.get('x')!;
    expect(entry).toMatchObject({ attempt: 1, runState: 'SCHEDULED' });
    expect(entry).not.toHaveProperty('withoutProgress');
  });

  test.each([
    ['a cancellation that came before it', (ctx: ActivityContext) => ctx.cancelled.catch(work)],
    [
      'an error of the function that has it as its cause',
      () => {
        throw new ApplicationFailure('mine', { nonRetryable: true, cause: unable() });
      },
    ],
  ])('keeps no activity that has ended for another reason: %s', async (_, fn) => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const handle = h.start(fn, {
      activityId: 'x',
      cancellationDelivery: 'immediate',
    });
    const result = h.watch(handle.result());
    await h.turn();
    if (result.outcome.state === 'pending') handle.cancel();
    await h.turn();
    expect(result.outcome).toMatchObject({ error: expect.any(ActivityFailure) as unknown });
    expect(disk.rows.size).toBe(0);
  });

  test('is logged once without a stack, however often recover tries again', async () => {
    const disk = new MemoryDisk();
    const h = new Harness({ store: disk.store() }, false);
    disk.now = () => h.clock.now();
    let calls = 0;
    const failing = (): void => {
      calls++;
      work();
    };
    h.start(failing, { activityId: 'x', activityType: 'work' });
    await h.turn();
    await h.engine.recover({ work: failing }, { every: '10s' });
    await h.advance(35_000);
    expect(calls).toBe(5);
    const loud = h.logs.filter(({ level }) => level !== 'debug');
    expect(loud).toEqual([
      {
        level: 'warn',
        message:
          'This process cannot run the activity, so it stays in the ledger, and recover() runs it again: no module',
        attributes: { activityId: 'x', activityType: 'work', attempt: 1 },
      },
    ]);
  });
});

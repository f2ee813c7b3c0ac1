/** With `countCrashes`, an attempt that a crash interrupted has failed like any other. */
import { describe, expect, test } from 'vitest';
import type { ActivityContext, RetryPolicy } from '../../../src/index.js';
import { describe as describeActivity } from '../../../src/runtime/description.js';
import { updateOptions } from '../../../src/runtime/activity/update-options.js';
import type { Execution } from '../../../src/runtime/activity/execution.js';
import { never, type Harness } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { die, processOn } from '../../support/processes.js';

type Work = (ctx: ActivityContext<number>) => unknown;

/** Starts an activity in a process that dies during its first attempt. */
async function crash(disk: MemoryDisk, options: object, work: Work = never): Promise<void> {
  const h = processOn(disk);
  void h.run(work, { activityId: 'x', activityType: 'work', ...options });
  await h.turn();
  die(disk);
}

interface Recovery {
  readonly h: Harness;
  readonly recovered: Execution[];
}

async function recover(disk: MemoryDisk, work: Work = never): Promise<Recovery> {
  const h = processOn(disk);
  const { recovered } = await h.engine.recover({ work }, { countCrashes: true });
  for (const { result } of recovered) result.catch(() => {});
  await h.turn();
  return { h, recovered };
}

describe('a crash that counts', () => {
  test('is not retried if its type is listed', async () => {
    const disk = new MemoryDisk();
    await crash(disk, { retryPolicy: { nonRetryableErrorTypes: ['ProcessDied'] } });
    const { h } = await recover(disk);
    expect(h.of('failed')).toMatchObject([
      { attempt: 1, retryState: 'NON_RETRYABLE_FAILURE', failure: { type: 'ProcessDied' } },
    ]);
    expect(disk.rows.size).toBe(0);
  });

  test('ends the activity at once if its backoff would pass scheduleToCloseTimeout', async () => {
    const disk = new MemoryDisk();
    const retryPolicy = { initialInterval: '20s' } as const;
    await crash(disk, { retryPolicy, scheduleToCloseTimeout: '10s' });
    const { h } = await recover(disk);
    expect(h.of('failed')).toMatchObject([
      { at: 0, retryState: 'TIMEOUT', failure: { type: 'ProcessDied' } },
    ]);
  });

  test('is a timeout if it comes after scheduleToCloseTimeout', async () => {
    const disk = new MemoryDisk();
    await crash(disk, { scheduleToCloseTimeout: 1 });
    disk.rows.get('x')!.entry = { ...disk.rows.get('x')!.entry!, scheduledAt: 0 };
    const { h } = await recover(disk);
    expect(h.of('failed')).toMatchObject([
      { status: 'TIMED_OUT', failure: { timeoutType: 'SCHEDULE_TO_CLOSE' } },
    ]);
  });

  test('leaves a cancelled activity cancelled, also after its last attempt', async () => {
    const disk = new MemoryDisk();
    await crash(disk, { retryPolicy: { maximumAttempts: 1 } });
    disk.rows.get('x')!.entry = { ...disk.rows.get('x')!.entry!, runState: 'CANCEL_REQUESTED' };
    const { h } = await recover(disk);
    expect(h.of('failed')).toMatchObject([{ status: 'CANCELED' }]);
    expect(disk.rows.size).toBe(0);
  });

  test('backs off by a policy that is changed meanwhile', async () => {
    const disk = new MemoryDisk();
    await crash(disk, { retryPolicy: { initialInterval: '1h', maximumInterval: '1h' } });
    const { h, recovered } = await recover(disk);
    const [activity] = recovered as [Execution];
    expect(describeActivity(activity).currentRetryInterval).toBe(3_600_000);
    updateOptions(activity, { retryPolicy: { initialInterval: '5s' } });
    await h.advance(5_000);
    expect(h.of('started')).toMatchObject([{ attempt: 2 }]);
  });
});

describe('with maximumAttemptsWithoutProgress', () => {
  const retryPolicy: RetryPolicy = { maximumAttemptsWithoutProgress: 2, initialInterval: 1 };

  /** Crashes again in each attempt until the activity ends, five times at most. */
  async function attemptsUntilTheEnd(work: Work): Promise<number> {
    const disk = new MemoryDisk();
    await crash(disk, { retryPolicy, heartbeatThrottleInterval: 0 }, work);
    let crashes = 1;
    for (; crashes < 5; crashes++) {
      const { h } = await recover(disk, work);
      if (disk.rows.size === 0 || h.of('failed').length > 0) break;
      await h.advance(1);
      die(disk);
    }
    return crashes;
  }

  test('crashes without reports count', async () => {
    expect(await attemptsUntilTheEnd(never)).toBe(2);
  });

  test('a crash after new details does not count with those before it', async () => {
    const work: Work = (ctx) => {
      ctx.heartbeat((ctx.heartbeatDetails ?? 0) + 1);
      return never();
    };
    expect(await attemptsUntilTheEnd(work)).toBe(5);
  });
});

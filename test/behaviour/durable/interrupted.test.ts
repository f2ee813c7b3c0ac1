/** What the next process gets of a reset that was requested before a shutdown. */
import { expect, test } from 'vitest';
import type { ActivityContext, ResetOptions } from '../../../src/index.js';
import type { Harness } from '../../support/harness.js';
import type { ActivityHandle } from '../../../src/runtime/handle.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { processOn } from '../../support/processes.js';

/** Fails twice, then reports 7 and waits. */
function work(ctx: ActivityContext<number>): Promise<never> {
  if (ctx.info.attempt < 3) throw new Error('again');
  ctx.heartbeat(7);
  return ctx.cancelled;
}

interface Stage {
  readonly disk: MemoryDisk;
  readonly h: Harness;
  readonly handle: ActivityHandle<never, number>;
}

/** An activity in its third attempt. */
async function third(options: object = {}): Promise<Stage> {
  const disk = new MemoryDisk();
  const h = processOn(disk);
  const retryPolicy = { initialInterval: 1, maximumAttemptsWithoutProgress: 5 };
  const call = { activityId: 'x', retryPolicy, heartbeatThrottleInterval: 0, ...options };
  const handle = h.start(work, call);
  handle.result().catch(() => {});
  await h.advance(10);
  expect(disk.rows.get('x')).toMatchObject({ entry: { attempt: 3 }, snapshot: '{"json":7}' });
  return { disk, h, handle };
}

test.each<[ResetOptions, string | undefined, string]>([
  [{}, '{"json":7}', 'SCHEDULED'],
  [{ resetHeartbeat: true }, undefined, 'SCHEDULED'],
  [{ keepPaused: true }, '{"json":7}', 'PAUSED'],
])('a reset with %o survives the shutdown', async (options, snapshot, runState) => {
  const { disk, h, handle } = await third();
  handle.updateOptions({ priority: 1 });
  handle.pause();
  handle.reset(options);
  await h.engine.shutdown();
  const { entry, snapshot: kept } = disk.rows.get('x')!;
  expect(entry).toMatchObject({ attempt: 1, runState });
  expect(entry).not.toHaveProperty('withoutProgress');
  expect(entry).not.toHaveProperty('dueAt');
  expect(entry?.options).toContain('"priority":1');
  expect(kept).toBe(snapshot);
  const next = processOn(disk);
  const { recovered } = await next.engine.recover({ work });
  recovered[0]!.result.catch(() => {});
  await next.turn();
  expect(next.of('started').map(({ attempt }) => attempt)).toEqual(
    runState === 'PAUSED' ? [] : [1],
  );
});

test('the delay and the original options of the reset survive the shutdown too', async () => {
  const { disk, h, handle } = await third();
  handle.updateOptions({ priority: 1 });
  h.random = 0.5;
  handle.reset({ jitter: '10s', restoreOriginalOptions: true });
  await h.engine.shutdown();
  const { entry } = disk.rows.get('x')!;
  expect(entry).toMatchObject({ attempt: 1, dueAt: h.clock.wallNow() + 5_000 });
  expect(entry?.options).not.toContain('priority');
});

test('a reset that has happened leaves later requests alone', async () => {
  const { disk, h, handle } = await third({ cancellationDelivery: 'immediate' });
  h.random = 1;
  handle.reset({ jitter: '1h', resetHeartbeat: true });
  await h.advance(5);
  expect(disk.rows.get('x')?.entry).toMatchObject({ attempt: 1, runState: 'SCHEDULED' });
  const { dueAt } = disk.rows.get('x')!.entry!;
  await h.advance(1_000);
  handle.pause();
  await h.turn();
  await h.engine.shutdown();
  expect(disk.rows.get('x')?.entry).toMatchObject({ attempt: 1, runState: 'PAUSED', dueAt });
});

/** The functions on the default runtime. */
import { describe, expect, test } from 'vitest';
import {
  defaultRuntime,
  proxyActivities,
  runActivity,
  startActivity,
  type ActivityContext,
} from '../../../src/index.js';

describe('the default runtime', () => {
  test('is shared by the whole process, whichever copy of the package made it', () => {
    const runtime = defaultRuntime();
    expect(defaultRuntime()).toBe(runtime);
    const holder = globalThis as unknown as Record<symbol, unknown>;
    expect(holder[Symbol.for('systole.defaultRuntime')]).toBe(runtime);
  });

  test('runs the function of runActivity', async () => {
    let open = 0;
    const count = (): number => (open = defaultRuntime().stats().open);
    await expect(runActivity(count)).resolves.toBe(1);
    expect(open).toBe(1);
  });

  test('lists the activity of startActivity', async () => {
    const handle = startActivity((ctx) => ctx.cancelled, { activityId: 'started' });
    expect(defaultRuntime().getHandle('started').activityId).toBe('started');
    handle.terminate();
    await expect(handle.result()).rejects.toMatchObject({ activityId: 'started' });
  });

  test('runs the functions of proxyActivities with the given options', async () => {
    const { add } = proxyActivities(
      {
        add: (ctx: ActivityContext, a: number, b: number) => ({
          sum: a + b,
          type: ctx.info.activityType,
          open: defaultRuntime().stats().open,
          heartbeatTimeoutMs: ctx.info.heartbeatTimeoutMs,
        }),
      },
      { heartbeatTimeout: '5s' },
    );
    await expect(add(1, 2)).resolves.toEqual({
      sum: 3,
      type: 'add',
      open: 1,
      heartbeatTimeoutMs: 5_000,
    });
  });
});

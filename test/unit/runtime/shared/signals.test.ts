/** Listeners on outside signals: one per signal and runtime, removed with the last activity. */
import { describe, expect, test } from 'vitest';
import { Harness, never } from '../../../support/harness.js';
import { failureOf } from '../../../support/outcomes.js';

/** A controller that counts the listeners on its signal. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const count = { now: 0, added: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    count.added++;
    count.now = listeners.size;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    count.now = listeners.size;
    remove(...args);
  };
  return { controller, signal, count };
}

test('many activities share one listener on a signal', async () => {
  const h = new Harness();
  const { signal, count } = counted();
  for (let index = 0; index < 50; index++) void h.run((ctx) => ctx.sleep(100), { signal });
  expect(count).toEqual({ now: 1, added: 1 });
  await h.advance(100);
  expect(h.of('completed')).toHaveLength(50);
  expect(count).toEqual({ now: 0, added: 1 });
});

test('the listener on a signal stays until the last activity has closed', async () => {
  const h = new Harness();
  const { signal, count } = counted();
  void h.run((ctx) => ctx.sleep(100), { signal });
  void h.run((ctx) => ctx.sleep(200), { signal });
  await h.advance(100);
  expect(count.now).toBe(1);
  await h.advance(100);
  expect(count.now).toBe(0);
});

test('each runtime has its own listener on a signal', () => {
  const { signal, count } = counted();
  for (const h of [new Harness(), new Harness()]) void h.run(never, { signal });
  expect(count.now).toBe(2);
});

test('each signal has its own listener and cancels its own activities', async () => {
  const h = new Harness();
  const one = counted();
  const two = counted();
  const first = h.watch(h.run(never, { signal: one.signal }));
  const second = h.watch(h.run(never, { signal: two.signal }));
  one.controller.abort();
  await h.turn();
  expect([first.outcome.state, second.outcome.state]).toEqual(['rejected', 'pending']);
  expect(two.count.now).toBe(1);
});

test('a signal that is used again after its last activity has one listener again', async () => {
  const h = new Harness();
  const { controller, signal, count } = counted();
  await h.run(() => 1, { signal });
  expect(count.now).toBe(0);
  const run = h.watch(h.run(never, { signal }));
  expect(count.now).toBe(1);
  controller.abort();
  await h.turn();
  expect(run.outcome.state).toBe('rejected');
});

describe('the listener on a signal is removed when the activity', () => {
  test('has failed', async () => {
    const h = new Harness();
    const { signal, count } = counted();
    h.run(
      () => {
        throw new Error('no');
      },
      { signal, retryPolicy: { maximumAttempts: 1 } },
    ).catch(() => {});
    await h.turn();
    expect(count.now).toBe(0);
  });

  test('has timed out while its function is still running', async () => {
    const h = new Harness();
    const { signal, count } = counted();
    h.run(never, { signal, scheduleToCloseTimeout: '1s' }).catch(() => {});
    await h.advance(1_000);
    expect(count.now).toBe(0);
  });

  test('has timed out while waiting', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.run(never);
    const { signal, count } = counted();
    h.run(never, { signal, scheduleToStartTimeout: '1s' }).catch(() => {});
    await h.advance(1_000);
    expect(count.now).toBe(0);
  });
});

test('the listener on a signal stays during backoffs', async () => {
  const h = new Harness();
  const { signal, count } = counted();
  void h
    .run(
      () => {
        throw new Error('no');
      },
      { signal },
    )
    .catch(() => {});
  await h.advance(60_000);
  expect(count).toEqual({ now: 1, added: 1 });
});

test('a refused call adds no listener to its signal', async () => {
  const h = new Harness();
  const { signal, count } = counted();
  void h.run(never, { activityId: 'x' });
  await expect(h.run(never, { activityId: 'x', signal })).rejects.toThrow();
  await expect(h.run(never, { signal, priority: 0 })).rejects.toThrow();
  await expect(h.run(never, { signal: AbortSignal.abort() })).rejects.toThrow();
  expect(count.added).toBe(0);
});

test('an abort reaches every activity of the signal, whether waiting or running', async () => {
  const h = new Harness({ maxConcurrentActivities: 2 });
  const { controller, signal } = counted();
  const runs = Array.from({ length: 5 }, () => h.watch(h.run((ctx) => ctx.cancelled, { signal })));
  controller.abort('all');
  await h.turn();
  expect(runs.map((run) => failureOf(run).cause)).toMatchObject(
    runs.map(() => ({ message: 'CANCELLED', cause: 'all' })),
  );
});

test('an activity that starts during the abort is rejected and not lost', async () => {
  const h = new Harness();
  const { controller, signal } = counted();
  let late: { outcome: { state: string } } | undefined;
  h.run(
    (ctx) => {
      ctx.signal.addEventListener('abort', () => {
        late = h.watch(h.run(never, { signal }));
      });
      return never();
    },
    { signal },
  ).catch(() => {});
  controller.abort();
  await h.turn();
  expect(late).toMatchObject({ outcome: { state: 'rejected' } });
});

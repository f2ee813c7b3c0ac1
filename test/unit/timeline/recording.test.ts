import { afterEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, ApplicationFailure, type ActivityContext } from 'systole';
import { TestActivityEnvironment } from 'systole/testing';
import {
  record,
  timelineSvg,
  timelineText,
  type Recording,
  type TimelineEvent,
} from 'systole/timeline';
import { never } from '../../support/harness.js';

const SECRET = 'a secret argument';
const runtimes: ActivityRuntime[] = [];

function make(options: ConstructorParameters<typeof ActivityRuntime>[0] = {}): ActivityRuntime {
  const runtime = new ActivityRuntime({ logger: false, ...options });
  runtimes.push(runtime);
  return runtime;
}

afterEach(async () => {
  await Promise.all(runtimes.splice(0).map((one) => one.shutdown({ abandonAfter: 0 })));
});

const namesOf = (recording: Recording): string[] => recording.toJSON().map(({ event }) => event);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a recording', () => {
  test('has what happened as plain JSON, one line for each event, without arguments and results', async () => {
    const runtime = make({ maxConcurrentActivities: 1 });
    const recording = record(runtime);
    const fn = (ctx: ActivityContext<{ row: number }>, secret: string): { secret: string } => {
      ctx.heartbeat({ row: ctx.info.attempt });
      if (ctx.info.attempt === 1)
        throw ApplicationFailure.create({ message: 'no', nextRetryDelay: 1 });
      return { secret };
    };
    await runtime.run(fn, { activityId: 'i', activityType: 't', args: [SECRET] });
    // A machine that is busy blocks the event loop too.
    const isTold = ({ event }: { readonly event: string }): boolean => event !== 'blocked';
    const events = recording.toJSON().filter(isTold);
    expect(events.map(({ event }) => event)).toEqual([
      'recording',
      'scheduled',
      'started',
      'heartbeat',
      'attemptFailed',
      'started',
      'heartbeat',
      'completed',
    ]);
    expect(events[3]).toMatchObject({
      activityId: 'i',
      activityType: 't',
      attempt: 1,
      details: '{"row":1}',
    });
    expect(events[4]).toMatchObject({
      outcome: 'FAILED',
      reason: 'ApplicationFailure: no',
      delayMs: 1,
      running: 0,
    });
    expect(events[2]).toMatchObject({ running: 1, waiting: 0 });
    const lines = recording.toLines();
    expect(lines).not.toContain(SECRET);
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as TimelineEvent)
        .filter(isTold),
    ).toEqual(events);
    const parsed = JSON.parse(JSON.stringify(recording)) as TimelineEvent[];
    expect(parsed.filter(isTold)).toEqual(events);
  });

  test('keeps the newest events and says how many it has dropped', async () => {
    const runtime = make();
    const recording = record(runtime, { limit: 4 });
    for (const activityId of ['a', 'b', 'c']) await runtime.run(() => 1, { activityId });
    const [head, ...events] = recording.toJSON();
    expect(head).toMatchObject({ event: 'recording', dropped: 5 });
    expect(events.map(({ event, activityId }) => `${event} ${activityId}`)).toEqual([
      'completed b',
      'scheduled c',
      'started c',
      'completed c',
    ]);
    expect(timelineText(recording)).toContain('5 earlier events were dropped');
  });

  test('ends with stop(), and keeps what it has', async () => {
    const runtime = make();
    const recording = record(runtime);
    await runtime.run(() => 1);
    recording.stop();
    recording.stop();
    await runtime.run(() => 1);
    expect(namesOf(recording)).toEqual(['recording', 'scheduled', 'started', 'completed']);
  });

  test('has no heartbeat details with details: false', async () => {
    const runtime = make();
    const recording = record(runtime, { details: false });
    runtime.start((ctx: ActivityContext<string>) => {
      ctx.heartbeat(SECRET);
      return never();
    });
    const second = record(runtime, { details: false });
    expect(recording.toLines()).toContain('"heartbeat"');
    expect(recording.toLines() + second.toLines()).not.toContain(SECRET);
  });

  test('begins with the activities that are open already', () => {
    const runtime = make({ maxConcurrentActivities: 1 });
    runtime.start(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat(7);
        return never();
      },
      { activityId: 'runs' },
    );
    runtime.start(never, { activityId: 'waits' });
    runtime.start(never, { activityId: 'sits', startDelay: '1h' }).pause();
    const events = record(runtime).toJSON();
    expect(events.map(({ event, activityId }) => `${event} ${activityId}`)).toEqual([
      'recording undefined',
      'scheduled runs',
      'started runs',
      'heartbeat runs',
      'scheduled waits',
      'scheduled sits',
      'paused sits',
    ]);
    expect(events[3]).toMatchObject({ attempt: 1, details: '7' });
  });

  test('that begins during a backoff shows the attempt before and the backoff, and no wait for a slot', async () => {
    const runtime = make();
    const policy = { retryPolicy: { initialInterval: '1h' } } as const;
    runtime.start(() => Promise.reject(new Error('no')), { ...policy, activityId: 'backs off' });
    await turn();
    const text = timelineText(record(runtime));
    expect(text).toMatch(/ 1 .* FAILED at .*: Error: no +retry in 1 h$/m);
    expect(text).not.toContain('slot');
    expect(timelineSvg(record(runtime))).not.toContain('waits for a slot');
  });

  test('that begins during the second attempt shows no wait for a slot before it', async () => {
    const runtime = make();
    let begun = (): void => {};
    const second = new Promise<void>((resolve) => (begun = resolve));
    runtime.start(
      (ctx: ActivityContext) => {
        if (ctx.info.attempt === 1) throw new Error('no');
        begun();
        return never();
      },
      { retryPolicy: { initialInterval: 30 } },
    );
    await second;
    const text = timelineText(record(runtime));
    expect(text).toMatch(/^ {2}2 .*still RUNNING$/m);
    expect(text).not.toContain('slot');
  });

  test('does not guess since when an activity waits or is paused that has run before', async () => {
    const runtime = make({ maxConcurrentActivities: 1 });
    const fails = (): Promise<never> => Promise.reject(new Error('no'));
    const policy = { retryPolicy: { initialInterval: 20 } } as const;
    const paused = runtime.start(fails, { ...policy, activityId: 'paused' });
    runtime.start(fails, { ...policy, activityId: 'waits' });
    await turn();
    paused.pause();
    runtime.start(never, { activityId: 'holds the slot' });
    await vi.waitFor(() => expect(runtime.stats().waiting).toBe(1), 60_000);
    const [head, ...events] = record(runtime).toJSON();
    const of = (id: string): TimelineEvent[] =>
      events.filter(({ activityId }) => activityId === id);
    expect(of('paused')).toEqual([
      expect.objectContaining({ event: 'paused', attempt: 2, at: head!.at }),
    ]);
    expect(of('waits')).toEqual([expect.objectContaining({ event: 'scheduled', at: head!.at })]);
  });

  test('that begins during a start delay shows the delay', () => {
    const runtime = make();
    runtime.start(never, { activityId: 'later', startDelay: '1h' });
    const events = record(runtime).toJSON();
    expect(events[1]).toMatchObject({ event: 'scheduled', delayMs: 3_600_000 });
  });

  test('holds no more than a short text of large details', async () => {
    const runtime = make();
    const recording = record(runtime);
    const rows = Array.from({ length: 10_000 }, (_, row) => ({ row, text: 'x'.repeat(50) }));
    await runtime.run((ctx: ActivityContext<object>) => ctx.heartbeat({ rows }));
    const { details = '' } = recording.toJSON()[3] as TimelineEvent;
    expect(details.startsWith('{"rows":[{"row":0,"text":"xxx')).toBe(true);
    expect(details).toHaveLength(200);
    expect(details.endsWith('...')).toBe(true);
  });

  test('does not keep a failure from being logged', async () => {
    const error = vi.fn();
    const ignore = (): void => {};
    const runtime = make({ logger: { debug: ignore, info: ignore, warn: ignore, error } });
    record(runtime);
    runtime.start(() => Promise.reject(ApplicationFailure.nonRetryable('boom')));
    await vi.waitFor(() => expect(error).toHaveBeenCalledOnce(), 60_000);
  });

  test('notes when the event loop was blocked', async () => {
    const runtime = make();
    const recording = record(runtime);
    const blocked = (): TimelineEvent | undefined =>
      recording.toJSON().find(({ event }) => event === 'blocked');
    const run = runtime.run(async () => {
      const until = performance.now() + 300;
      while (performance.now() < until);
      while (blocked() === undefined) await turn();
    });
    await run;
    expect(blocked()?.blockedMs).toBeGreaterThanOrEqual(200);
    expect(timelineText(recording)).toMatch(/the event loop was blocked for \d+ ms at/);
  });

  test('does not keep the program alive, and sets no timer while nothing runs', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const runtime = make();
    record(runtime);
    runtime.start(never);
    expect(timers()).toBe(before);
    const set = vi.spyOn(globalThis, 'setTimeout');
    record(make());
    expect(set).not.toHaveBeenCalled();
    set.mockRestore();
  });
});

test('the recording of a test environment has every heartbeat and what each attempt was given', async () => {
  const env = new TestActivityEnvironment();
  env.failOnHeartbeat(3, new Error('no'));
  await env.run(
    (ctx: ActivityContext<number>) => {
      for (let row = 1; row <= 3; row++) ctx.heartbeat((ctx.heartbeatDetails ?? 0) + row);
    },
    { heartbeatThrottleInterval: '1h' },
  );
  const events = env.recording.toJSON();
  const details = (name: string): unknown[] =>
    events.flatMap((event) => (event.event === name ? [event.details] : []));
  expect(details('heartbeat')).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(details('started')).toEqual(['', '3']);
  expect(env.reports.length).toBeLessThan(6);
});

test.each([
  [undefined, {}, 'record: received undefined; expected an ActivityRuntime'],
  [{ on: 1 }, {}, 'record: received an object; expected an ActivityRuntime'],
  [make(), { limit: 0 }, 'record limit: received 0; expected a whole number above 0'],
  [make(), { limit: 1.5 }, 'record limit: received 1.5; expected a whole number above 0'],
  [make(), { details: 'no' }, 'record details: received "no"; expected true or false'],
  [make(), { limits: 1 }, 'record has no option "limits"; did you mean'],
  [make(), 5, 'record: received 5; expected an object such as { limit: 10_000 }'],
  [make(), null, 'record: received null; expected an object such as { limit: 10_000 }'],
])('record(%s, %j) is refused', (runtime, options, message) => {
  expect(() => record(runtime as never, options as never)).toThrow(message);
});

import { describe, expect, test } from 'vitest';
import type { ActivityContext } from 'systole';
import { TestActivityEnvironment, timeline } from 'systole/testing';
import { never } from '../../support/harness.js';

test('a run becomes text, with a row for each attempt', async () => {
  const env = new TestActivityEnvironment();
  env.timeoutOnHeartbeat(3);
  await env.run(
    async (ctx: ActivityContext<{ line: number }>) => {
      let { line } = ctx.heartbeatDetails ?? { line: 0 };
      for (let beats = 0; beats < 2; beats++) {
        ctx.heartbeat({ line: ++line });
        await ctx.sleep(1_500);
      }
      if (line < 4) throw new TypeError('connection lost');
      return line;
    },
    { activityType: 'importRows', activityId: 'bulk-1', heartbeatTimeout: '10s' },
  );
  expect(timeline(env)).toBe(
    [
      'importRows (bulk-1)',
      '  1   at 0 ms   given nothing      ♥ {"line":1} at 0 ms, ♥ {"line":2} at 1.5 s    FAILED at 3 s: TypeError: connection lost   retry in 1 s',
      '  2   at 4 s    given {"line":2}   ♥ {"line":3} at 4 s                            TIMED_OUT at 14 s: HEARTBEAT                retry in 2 s',
      '  3   at 16 s   given {"line":3}   ♥ {"line":4} at 16 s, ♥ {"line":5} at 17.5 s   COMPLETED at 19 s',
    ].join('\n'),
  );
});

describe('the timeline of an environment shows', () => {
  test('that no activity was run', () => {
    expect(timeline(new TestActivityEnvironment())).toBe('no attempt was made');
  });

  test('the first heartbeats and the last if there are many, with short details', async () => {
    const env = new TestActivityEnvironment();
    await env.run(
      (ctx) => {
        for (let beat = 1; beat <= 100; beat++) ctx.heartbeat();
        ctx.heartbeat('x'.repeat(100));
      },
      { activityId: 'x', activityType: 'many' },
    );
    expect(timeline(env)).toBe(
      'many (x)\n  1   at 0 ms   given nothing   ♥ at 0 ms, ♥ at 0 ms, ♥ at 0 ms, 97 more, ' +
        `♥ "${'x'.repeat(56)}... at 0 ms   COMPLETED at 0 ms`,
    );
  });

  test('each run of an id separately', async () => {
    const env = new TestActivityEnvironment();
    const options = { activityId: 'x', activityType: 'twice' };
    for (let run = 1; run <= 2; run++) await env.run(() => run, options);
    expect(timeline(env).split('\n')).toEqual([
      'twice (x)',
      '  1   at 0 ms   given nothing   no heartbeat   COMPLETED at 0 ms',
      'twice (x)',
      '  1   at 0 ms   given nothing   no heartbeat   COMPLETED at 0 ms',
    ]);
  });

  test('each activity separately, including cancelled and running ones', async () => {
    const env = new TestActivityEnvironment();
    env.start(never, { activityId: 'a', activityType: 'hangs' });
    env.cancelOnHeartbeat(1);
    await env
      .run(
        (ctx) => {
          ctx.heartbeat(1n);
          return ctx.cancelled;
        },
        {
          activityId: 'b',
          activityType: 'stops',
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
        },
      )
      .catch(() => {});
    expect(timeline(env).split('\n')).toEqual([
      'hangs (a)',
      '  1   at 0 ms   given nothing   no heartbeat   still RUNNING',
      'stops (b)',
      '  1   at 0 ms   given nothing   ♥ 1n at 0 ms   CANCELED at 0 ms: CancelledFailure: CANCELLED',
    ]);
  });

  test.each([
    ['Map{"a":[NaN,null]}', new Map([['a', [NaN, null]]])],
    ['Set{{"none":undefined}}', new Set([{ none: undefined }])],
    ['-0', -0],
    ['Date(1970-01-01T00:00:00.000Z)', new Date(0)],
    ['/a/g', /a/g],
    ['a:b', new URL('a:b')],
    ['RangeError: no', new RangeError('no')],
    ['Uint8Array[0,0]', new Uint8Array(2)],
  ])('details that JSON cannot hold: %s', async (shown, details) => {
    const env = new TestActivityEnvironment();
    await env.run((ctx) => ctx.heartbeat(details));
    expect(timeline(env)).toContain(`♥ ${shown} at 0 ms`);
  });

  test.each([
    ['90 minutes', '1.5 h'],
    ['36h', '1.5 d'],
    ['100 seconds', '100 s'],
    [1, '1 ms'],
    [1_234, '1.234 s'],
    [61_001, '61.001 s'],
  ] as const)('%s as %s', async (duration, shown) => {
    const env = new TestActivityEnvironment();
    await env.run((ctx) => ctx.sleep(duration));
    expect(timeline(env)).toContain(`COMPLETED at ${shown}`);
  });
});

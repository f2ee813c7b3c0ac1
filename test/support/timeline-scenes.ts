/** Recordings whose pictures are kept: each shows something that the others do not. */
import type { ActivityContext } from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import type { Recorded, TimelineEvent } from '../../src/timeline.js';

type Count = ActivityContext<number>;

const ignore = (): void => {};

async function importRows(ctx: Count, to: number): Promise<number> {
  let row = ctx.heartbeatDetails ?? 0;
  while (row < to) {
    await ctx.sleep('1s');
    ctx.heartbeat(++row);
  }
  return row;
}

/** An environment that moves time by itself, with a run in it. */
async function played(
  play: (env: TestActivityEnvironment) => unknown,
  options: ConstructorParameters<typeof TestActivityEnvironment>[0] = {},
): Promise<Recorded> {
  const env = new TestActivityEnvironment(options);
  await Promise.resolve(play(env)).catch(ignore);
  return env.recording.toJSON();
}

const START = Date.UTC(2026, 0, 1);

/** Events by hand, for what virtual time cannot show. */
function told(...events: readonly Partial<TimelineEvent>[]): TimelineEvent[] {
  return [
    { at: START, event: 'recording' },
    ...events.map(
      ({ at = 0, ...event }) =>
        ({ activityId: 'a', activityType: 'works', ...event, at: START + at }) as TimelineEvent,
    ),
  ];
}

export const HOSTILE = `</text><script>alert(1)</script>"'&<!--]]>\u0000\u0007\ud800\u202e`;

export const scenes: Readonly<Record<string, () => Recorded | Promise<Recorded>>> = {
  'one-attempt': () => played((env) => env.run(importRows, { args: [8], activityId: 'big.csv' })),

  'failure-and-resume': () =>
    played((env) => {
      env.failOnHeartbeat(3, new Error('connection lost'));
      return env.run(importRows, { args: [6], activityId: 'big.csv' });
    }),

  'zombie-that-settles': () =>
    played((env) =>
      env.run(
        async (ctx: Count) => {
          ctx.heartbeat(ctx.info.attempt);
          if (ctx.info.attempt === 1) await env.sleep('9s');
          await ctx.sleep('4s');
        },
        { activityType: 'uploads', activityId: 'part-7', heartbeatTimeout: '5s' },
      ),
    ),

  'zombies-that-never-settle': () =>
    played(
      async (env) => {
        env.start(
          (ctx: Count) => (ctx.info.attempt < 4 ? new Promise<void>(ignore) : ctx.sleep('2s')),
          { activityType: 'hangs', activityId: 'h', startToCloseTimeout: '3s' },
        );
        await env.advance('30s');
      },
      { autoSkip: false },
    ),

  slots: () =>
    played(
      (env) =>
        Promise.all(
          ['a', 'b', 'c', 'd'].map((activityId) => env.run(importRows, { args: [3], activityId })),
        ),
      { maxConcurrentActivities: 2 },
    ),

  'start-delay': () =>
    played((env) => env.run(importRows, { args: [3], activityId: 'later', startDelay: '4s' })),

  pause: () =>
    played(
      async (env) => {
        const handle = env.start(importRows, { args: [4], activityId: 'paused' });
        await env.advance(1_500);
        handle.pause();
        await env.advance('4s');
        handle.unpause();
        await env.advance('10s');
      },
      { autoSkip: false },
    ),

  reset: () =>
    played(
      async (env) => {
        const handle = env.start(importRows, { args: [4], activityId: 'again' });
        await env.advance(2_500);
        handle.reset({ resetHeartbeat: true });
        await env.advance('10s');
      },
      { autoSkip: false },
    ),

  'cancel-and-terminate': () =>
    played(
      async (env) => {
        const [one, two, three] = ['cancelled', 'terminated', 'waiting'].map((activityId) =>
          env.start(importRows, { args: [9], activityId }),
        );
        await env.advance(2_500);
        one?.cancel();
        two?.terminate('no longer needed');
        await env.advance(500);
        three?.cancel();
        await env.advance('3s');
      },
      { autoSkip: false, maxConcurrentActivities: 2 },
    ),

  'no-slot-in-time': () =>
    played(
      (env) =>
        Promise.all([
          env.run(importRows, { args: [8], activityId: 'first' }),
          env
            .run(importRows, { args: [1], activityId: 'second', scheduleToStartTimeout: '5s' })
            .catch(ignore),
        ]),
      { maxConcurrentActivities: 1 },
    ),

  'hours-of-backoff': () =>
    played((env) => {
      env.failOnHeartbeat(2, new Error('rate limit'));
      env.failOnHeartbeat(4, new Error('rate limit'));
      const retryPolicy = { initialInterval: '3h' } as const;
      return env.run(importRows, { args: [6], activityId: 'night', retryPolicy });
    }),

  'blocked-loop': () =>
    told(
      { event: 'scheduled' },
      { event: 'started', attempt: 1 },
      { at: 200, event: 'heartbeat', attempt: 1, details: '1' },
      { at: 900, event: 'blocked', blockedMs: 600 },
      { at: 950, event: 'heartbeat', attempt: 1, details: '2' },
      { at: 1_400, event: 'completed', attempt: 1 },
    ),

  'cut-at-both-ends': () =>
    told(
      { at: 100, event: 'heartbeat', attempt: 3, details: '17' },
      {
        at: 400,
        event: 'attemptFailed',
        attempt: 3,
        outcome: 'FAILED',
        reason: 'Error: no',
        delayMs: 200,
      },
      { at: 450, event: 'attemptSettled', attempt: 2 },
      { at: 600, event: 'started', attempt: 4 },
      { at: 700, event: 'paused', activityId: 'b', attempt: 1 },
      { at: 900, event: 'heartbeat', attempt: 4, details: '18' },
    ),

  'hostile-text': () =>
    told(
      { event: 'scheduled', activityId: HOSTILE, activityType: HOSTILE },
      { event: 'started', attempt: 1, activityId: HOSTILE, details: HOSTILE },
      { at: 5, event: 'heartbeat', attempt: 1, activityId: HOSTILE, details: HOSTILE },
      {
        at: 900,
        event: 'failed',
        attempt: 1,
        activityId: HOSTILE,
        outcome: HOSTILE,
        timeoutType: HOSTILE,
        reason: HOSTILE,
      },
    ),
};

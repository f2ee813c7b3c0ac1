// What the heartbeat cases share: one activity whose function beats `count` times, throttled.
import { deepStrictEqual } from 'node:assert';
import { activityOptions } from './options.mjs';

/**
 * Times `makeDetails(0 .. count - 1)` given to `ctx.heartbeat`. The first heartbeat of an attempt
 * goes out as a report; it comes before the clock starts, the rest is throttled.
 */
export const beats = (run, makeDetails) => {
  const beat = async (ctx, count) => {
    const heartbeat = ctx.heartbeat;
    heartbeat(makeDetails(0));
    const start = performance.now();
    for (let i = 0; i < count; i++) heartbeat(makeDetails(i));
    return { time: ((performance.now() - start) * 1e6) / count };
  };
  return (count) => run(beat, { ...activityOptions, args: [count] });
};

/**
 * Times `operation(0 .. count - 1)`. The last result is kept, so that no call can be optimised
 * away.
 */
export const loop = (operation) => (count) => {
  let last;
  const start = performance.now();
  for (let i = 0; i < count; i++) last = operation(i);
  const time = ((performance.now() - start) * 1e6) / count;
  if (last === undefined) throw new Error('the operation gave nothing');
  return { time };
};

/** Details are a snapshot: later changes to the object never reach the retry. */
export async function checkIsolation(runtime, makeDetails) {
  const resumed = await runtime.run(
    async (ctx) => {
      if (ctx.info.attempt > 1) return ctx.heartbeatDetails;
      ctx.heartbeat(makeDetails(1));
      const details = makeDetails(2);
      ctx.heartbeat(details);
      spoil(details);
      throw new Error('first attempt');
    },
    { ...activityOptions, retryPolicy: { initialInterval: 1, maximumAttempts: 2 } },
  );
  deepStrictEqual(resumed, makeDetails(2), 'heartbeat details are not isolated');
}

function spoil(object) {
  for (const [key, value] of Object.entries(object)) {
    if (typeof value === 'object' && value !== null) spoil(value);
    else object[key] = 'changed after the call';
  }
}

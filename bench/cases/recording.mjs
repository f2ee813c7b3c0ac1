// What a recording costs a call and an event, and what its pictures cost.
import { activityOptions } from '../options.mjs';
import { loadSystole, loadTimeline } from '../systole.mjs';

const noop = async () => 1;
const EVENTS = 10_000;

const perCall = async (runtime, count) => {
  const start = performance.now();
  for (let i = 0; i < count; i++) await runtime.run(noop, activityOptions);
  return ((performance.now() - start) * 1e3) / count;
};

/** A recording that is full: activities that fail once, with heartbeats. */
async function fullRecording() {
  const { ActivityRuntime } = await loadSystole();
  const { record } = await loadTimeline();
  const runtime = new ActivityRuntime({ logger: false });
  const recording = record(runtime, { limit: EVENTS });
  const fails = (ctx) => {
    ctx.heartbeat({ row: ctx.info.attempt });
    if (ctx.info.attempt === 1) throw new Error('connection lost');
  };
  const options = { retryPolicy: { initialInterval: 1 } };
  for (let i = 0; i < EVENTS / 7 + 1; i++) await runtime.run(fails, options);
  const events = recording.toJSON();
  if (events.length !== EVENTS + 1) throw new Error(`${events.length} events`);
  return events;
}

const picture = (name) => async () => {
  const timeline = await loadTimeline();
  const events = await fullRecording();
  return (count) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) timeline[name](events);
    return { ms: (performance.now() - start) / count };
  };
};

export default {
  title: 'A recording',
  contenders: {
    record: async () => {
      const { ActivityRuntime } = await loadSystole();
      const { record } = await loadTimeline();
      const plain = new ActivityRuntime({ logger: false });
      const recorded = new ActivityRuntime({ logger: false });
      record(recorded);
      return async (count) => {
        const calls = count * 4_000;
        const without = await perCall(plain, calls);
        return { us: (await perCall(recorded, calls)) - without };
      };
    },
    timelineText: picture('timelineText'),
    timelineSvg: picture('timelineSvg'),
  },
  count: 5,
  smokeCount: 1,
  rounds: 9,
  rows: [
    { text: 'a runtime with `record`: more per call, us', of: 'record', measure: 'us', atMost: 3 },
    {
      text: 'timeline of 10,000 events as text, ms',
      of: 'timelineText',
      measure: 'ms',
      atMost: 50,
    },
    { text: 'timeline of 10,000 events as SVG, ms', of: 'timelineSvg', measure: 'ms', atMost: 150 },
  ],
};

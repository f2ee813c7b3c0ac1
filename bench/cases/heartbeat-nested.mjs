// Row 4: ctx.heartbeat of a small nested object while throttled, against one superjson string.
import superjson from 'superjson';
import { beats, checkIsolation, loop } from '../heartbeats.mjs';
import { loadSystole } from '../systole.mjs';

const makeDetails = (i) => ({
  file: 'rows.csv',
  position: { line: i, byte: i * 80 },
  last: { id: `row-${i}`, tags: ['a', 'b'] },
});

/** With a store and a listener that both get every report, so strings are made for each. */
function countStrings(ActivityRuntime) {
  let reports = 0;
  const runtime = new ActivityRuntime({ logger: false, store: new Map() });
  runtime.on('heartbeat', () => reports++);
  const run = (fn, options) => runtime.run(fn, { ...options, heartbeatThrottleInterval: 0 });
  const beat = beats(run, makeDetails);
  return async (count) => {
    const { stringify } = JSON;
    let strings = 0;
    reports = 0;
    JSON.stringify = (...args) => (strings++, stringify(...args));
    try {
      const { time } = await beat(count);
      return { time, strings: strings / reports };
    } finally {
      JSON.stringify = stringify;
    }
  };
}

export default {
  title: 'ctx.heartbeat(nested object), throttled',
  contenders: {
    async systole() {
      const { ActivityRuntime, runActivity } = await loadSystole();
      await checkIsolation(new ActivityRuntime({ logger: false }), makeDetails);
      return beats(runActivity, makeDetails);
    },
    async 'systole, passes counted'() {
      const { ActivityRuntime } = await loadSystole();
      let passes = 0;
      const serialize = (value) => (passes++, superjson.serialize(value));
      const deserialize = (value) => superjson.deserialize(value);
      const runtime = new ActivityRuntime({ serializer: { serialize, deserialize } });
      const beat = beats((fn, options) => runtime.run(fn, options), makeDetails);
      return async (count) => {
        passes = 0;
        const { time } = await beat(count);
        return { time, passes: passes / (count + 1) };
      };
    },
    async 'systole, all reported'() {
      const { ActivityRuntime } = await loadSystole();
      return countStrings(ActivityRuntime);
    },
    'superjson.serialize + JSON.stringify': () =>
      loop((i) => JSON.stringify(superjson.serialize(makeDetails(i)))),
  },
  rows: [
    {
      text: 'heartbeat(nested object): cost, in superjson strings',
      of: 'systole',
      per: 'superjson.serialize + JSON.stringify',
      atMost: 1,
    },
    {
      text: 'heartbeat(nested object): superjson passes per call',
      of: 'systole, passes counted',
      measure: 'passes',
      atMost: 1,
      every: true,
    },
    {
      text: 'heartbeat(nested object): strings per report',
      of: 'systole, all reported',
      measure: 'strings',
      atMost: 1,
      every: true,
    },
  ],
};

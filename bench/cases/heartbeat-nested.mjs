// Row 4: ctx.heartbeat of a small nested object while throttled, against one superjson string.
import superjson from 'superjson';
import { beats, checkIsolation, loop } from '../heartbeats.mjs';
import { loadSystole } from '../systole.mjs';

const makeDetails = (i) => ({
  file: 'rows.csv',
  position: { line: i, byte: i * 80 },
  last: { id: `row-${i}`, tags: ['a', 'b'] },
});

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
    },
  ],
};

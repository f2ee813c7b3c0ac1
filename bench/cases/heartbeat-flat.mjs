// Row 3: ctx.heartbeat of a flat plain object while throttled, against one copy of it.
import { beats, checkIsolation, loop } from '../heartbeats.mjs';
import { loadSystole } from '../systole.mjs';

const makeDetails = (i) => ({ a: i, b: 'rows.csv', c: true });

export default {
  title: 'ctx.heartbeat({ a, b, c }), throttled',
  contenders: {
    async systole() {
      const { ActivityRuntime, runActivity } = await loadSystole();
      await checkIsolation(new ActivityRuntime({ logger: false }), makeDetails);
      return beats(runActivity, makeDetails);
    },
    structuredClone: () => loop((i) => structuredClone(makeDetails(i))),
  },
  rows: [
    {
      text: 'heartbeat(flat object): cost, in structuredClone()',
      of: 'systole',
      per: 'structuredClone',
      atMost: 1 / 3,
    },
  ],
};

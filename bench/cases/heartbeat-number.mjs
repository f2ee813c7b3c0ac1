// Row 2: ctx.heartbeat(number) while throttled. It has to read the clock, so that is the limit.
import { beats, loop } from '../heartbeats.mjs';
import { loadSystole } from '../systole.mjs';

export default {
  title: 'ctx.heartbeat(number), throttled',
  contenders: {
    async systole() {
      const { runActivity } = await loadSystole();
      return beats(runActivity, (i) => i);
    },
    'performance.now()': () => loop(() => performance.now()),
  },
  rows: [
    {
      text: 'heartbeat(number): cost, in performance.now()',
      of: 'systole',
      per: 'performance.now()',
      atMost: 2,
    },
  ],
};

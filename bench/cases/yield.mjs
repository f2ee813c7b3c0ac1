// `await ctx.yield()` when no turn of the event loop is due, next to a bare `await undefined`.
import { activityOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

const time = (start, count) => ({ time: ((performance.now() - start) * 1e6) / count });

export default {
  title: 'ctx.yield, no turn due',
  contenders: {
    async systole() {
      const { runActivity } = await loadSystole();
      const loop = async (ctx, count) => {
        const start = performance.now();
        for (let i = 0; i < count; i++) await ctx.yield();
        return time(start, count);
      };
      return (count) => runActivity(loop, { ...activityOptions, args: [count] });
    },
    'await undefined': () => async (count) => {
      const start = performance.now();
      for (let i = 0; i < count; i++) await undefined;
      return time(start, count);
    },
  },
  rows: [
    {
      text: 'ctx.yield(): cost, in await undefined',
      of: 'systole',
      per: 'await undefined',
      atMost: 4,
    },
  ],
};

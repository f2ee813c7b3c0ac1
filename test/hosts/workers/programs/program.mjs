// A program with workers, of which the checks kill, interrupt or watch the process.
import { ActivityRuntime } from 'systole';
import { workerPool } from 'systole/workers';

const [what, isolation] = process.argv.slice(2);
const module = new URL('./activities.mjs', import.meta.url);
const pool = workerPool(module, { isolation, maxWorkers: 2, gracePeriod: '200ms' });
const runtime = new ActivityRuntime({ logger: false });

const programs = {
  /** Its workers compute. Prints their process ids. */
  async computes(name = 'spins') {
    let pids = [];
    runtime.on('heartbeat', ({ details }) => {
      pids.push(details);
      if (pids.length === 2) console.log(JSON.stringify(pids));
    });
    await Promise.all([1, 2].map(() => runtime.run(pool.activities[name])));
  },
  /** Its workers compute, and it shuts down in peace at Ctrl+C. */
  async interrupted() {
    process.once('SIGINT', async () => {
      const { abandonedActivityIds } = await runtime.shutdown();
      await pool.close();
      console.log(
        `stopped in peace ${abandonedActivityIds.length} ${JSON.stringify(pool.stats())}`,
      );
    });
    await programs.computes().catch(({ cause }) => console.log(cause.message));
  },
  /** Its workers wait for processes that they have started. Prints the ids of those. */
  starts: () => programs.computes('starts'),
  /** Names a module that is not there. */
  async misses() {
    const missing = workerPool(new URL('./missing.mjs', import.meta.url), { isolation });
    await runtime.run(missing.activities.add).catch(({ message }) => console.log(message));
  },
  /** Ends by itself, although a worker is idle. */
  async ends() {
    console.log(await runtime.run(pool.activities.add, { args: [1, 2] }));
  },
};
await programs[what]();

// What reports to a durable store cost, and how long it takes to recover what is unfinished. SQLite
// comes from Node, or from better-sqlite3 in test/hosts/sqlite (npm run test:sqlite installs it).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadEntry, loadSystole } from '../systole.mjs';

const inSqlite = fileURLToPath(new URL('../../test/hosts/sqlite', import.meta.url));

async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'systole-bench-'));
  const before = process.cwd();
  process.chdir(inSqlite); // where better-sqlite3 is found
  try {
    return await use(folder);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
}

const stores = {
  sqlite: async (folder) => (await loadEntry('sqlite')).sqliteStore(join(folder, 'jobs.db')),
  file: async (folder) => (await loadEntry('node')).fileStore(join(folder, 'jobs')),
};

/** Starts activities that wait, and resolves when all of them run. */
async function waiting(runtime, count, wait) {
  const activities = Array.from({ length: count }, (_, i) =>
    runtime.start(wait, {
      activityId: `job ${i}`,
      activityType: 'wait',
      heartbeatThrottleInterval: 0,
    }),
  );
  for (const handle of activities) handle.result().catch(() => {});
  while (runtime.stats().running < count) await new Promise((again) => setTimeout(again, 5));
}

/** Reports per second: each of the activities reports again as soon as it was stored. */
const rate = (kind) => async () => async (count) =>
  inFolder(async (folder) => {
    const store = await stores[kind](folder);
    const start = performance.now();
    let reports = 0;
    await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        while (performance.now() - start < 1_000) {
          await store.set(`job ${i}`, `{"json":{"row":${reports++}}}`);
        }
      }),
    );
    const perSecond = (reports * 1_000) / (performance.now() - start);
    store.closeDatabase?.();
    return { 'reports per second': perSecond };
  });

export const reports = {
  title: 'Reports to a durable store, 100 activities at once',
  contenders: { sqliteStore: rate('sqlite'), fileStore: rate('file') },
  count: 100,
  smokeCount: 10,
  rounds: 3,
  rows: [
    {
      text: 'reports per second to `sqliteStore`, of those to `fileStore`',
      of: 'sqliteStore',
      per: 'fileStore',
      measure: 'reports per second',
      atLeast: 5,
    },
  ],
};

export const steady = {
  title: 'Activities that report once a second to sqliteStore',
  contenders: {
    sqliteStore: async () => async (count) =>
      inFolder(async (folder) => {
        const { ActivityRuntime } = await loadSystole();
        const store = await stores.sqlite(folder);
        const runtime = new ActivityRuntime({ store, logger: false });
        let stored = 0;
        const set = store.set;
        store.set = (...args) => set(...args).then(() => void stored++);
        const wait = async (ctx) => {
          await ctx.sleep(Math.random() * 1_000);
          for (let row = 0; ; row++) {
            ctx.heartbeat({ row });
            await ctx.sleep(1_000);
          }
        };
        await waiting(runtime, count, wait);
        await new Promise((after) => setTimeout(after, 1_500));
        const before = { stored, at: performance.now(), cpu: process.cpuUsage() };
        await new Promise((after) => setTimeout(after, 4_000));
        const ms = performance.now() - before.at;
        const { user, system } = process.cpuUsage(before.cpu);
        const perSecond = ((stored - before.stored) * 1_000) / ms;
        await runtime.shutdown();
        store.closeDatabase();
        return {
          'of the reports': perSecond / count,
          'of one core': (user + system) / 1e3 / ms,
          'us per report': (user + system) / (stored - before.stored),
        };
      }),
  },
  count: 10_000,
  smokeCount: 50,
  rounds: 3,
  rows: [
    {
      text: '10,000 activities that report once a second to `sqliteStore`: share that is stored in time',
      of: 'sqliteStore',
      measure: 'of the reports',
      atLeast: 0.95,
    },
    {
      text: 'the same: processor time per report with all that belongs to it, us',
      of: 'sqliteStore',
      measure: 'us per report',
      atMost: 60,
    },
  ],
};

export const recovering = {
  title: 'Recovering what is unfinished',
  contenders: {
    sqliteStore: async () => async (count) =>
      inFolder(async (folder) => {
        const { ActivityRuntime } = await loadSystole();
        const wait = (ctx) => ctx.sleep('1 hour');
        const first = new ActivityRuntime({ store: await stores.sqlite(folder), logger: false });
        await waiting(first, count, wait);
        await first.shutdown();
        const store = await stores.sqlite(folder);
        const second = new ActivityRuntime({ store, logger: false });
        const start = performance.now();
        const { recovered } = await second.recover({ wait });
        const ms = performance.now() - start;
        if (recovered.length !== count) throw new Error(`${recovered.length} of ${count}`);
        while (second.stats().running < count) await new Promise((again) => setTimeout(again, 5));
        const running = performance.now() - start;
        await second.shutdown();
        store.closeDatabase();
        return { ms, 'ms until all run': running };
      }),
  },
  count: 10_000,
  smokeCount: 50,
  rounds: 3,
  rows: [
    { text: '`recover` of 10,000 entries, ms', of: 'sqliteStore', measure: 'ms', atMost: 2_000 },
    {
      text: 'the same, until all attempts have started, ms',
      of: 'sqliteStore',
      measure: 'ms until all run',
    },
  ],
};

// The page of a tab, bundled: a runtime on webStore, and what the tests ask of it.
import { ActivityRuntime } from 'systole';
import { webStore } from 'systole/web';

const { note, location } = globalThis;
const store = webStore(new URLSearchParams(location.search).get('db'));
const runtime = new ActivityRuntime({ store, logger: false });
const options = { activityType: 'count', heartbeatThrottleInterval: 0 };

/** Counts, slowly, and tells each step. */
async function count(ctx, until) {
  const from = ctx.heartbeatDetails ?? 0;
  await note(['from', ctx.info.activityId, from]);
  for (let n = from + 1; n <= until; n++) {
    await ctx.sleep(20);
    await note(['step', ctx.info.activityId, n]);
    ctx.heartbeat(n);
  }
  return until;
}

function follow(handle) {
  handle.result().then(
    () => note(['completed', handle.activityId]),
    (error) => note(['failed', handle.activityId, error.cause?.name ?? error.name]),
  );
}

globalThis.tab = {
  start(ids, until) {
    for (const activityId of ids) {
      follow(runtime.start(count, { ...options, activityId, args: [until] }));
    }
  },
  /** Recovers once. Resolves to the ids, and to who holds the others. */
  async recover() {
    const { recovered, held, unknown } = await runtime.recover({ count });
    recovered.forEach(follow);
    return {
      recovered: recovered.map(({ activityId }) => activityId),
      held: held.map(({ heldBy }) => heldBy),
      unknown: unknown.map(({ reason }) => reason),
    };
  },
  run: (activityId, until) =>
    runtime.run(count, { ...options, activityId, args: [until] }).catch((error) => {
      return { name: error.name, message: error.message };
    }),
  /** What the ledger says: the details of each id. */
  async list() {
    const entries = await store.list();
    return Object.fromEntries(
      entries.map(({ activityId, details }) => [activityId, JSON.parse(details ?? '{}').json ?? 0]),
    );
  },
  locks: async () => (await globalThis.navigator.locks.query()).held.map(({ name }) => name),
  /** Writes and reads ids that few stores like. */
  async oddIds() {
    const ids = ['', '\0', '\ud800', '\ud801', '__proto__', 'x'.repeat(3_000)];
    for (const id of ids) await store.set(id, `of ${id}`);
    const found = await Promise.all(ids.map((id) => store.get(id)));
    await Promise.all(ids.map((id) => store.delete(id)));
    return found.every((text, index) => text === `of ${ids[index]}`);
  },
  /** Enters activities that wait, as many as that. */
  async enter(many) {
    const started = performance.now();
    for (let i = 0; i < many; i++) {
      const later = { activityId: `later ${i}`, args: [0], startDelay: '1 hour' };
      runtime
        .start(count, { ...options, ...later })
        .result()
        .catch(() => {});
    }
    while (Object.keys(await globalThis.tab.list()).length < many);
    return performance.now() - started;
  },
  async timedRecovery() {
    const started = performance.now();
    const { recovered } = await globalThis.tab.recover();
    return { many: recovered.length, ms: performance.now() - started };
  },
  async makeLater() {
    await new Promise((resolve, reject) => {
      const { db } = Object.fromEntries(new URLSearchParams(location.search));
      const opening = globalThis.indexedDB.open(db, 99);
      opening.onsuccess = resolve;
      opening.onerror = () => reject(opening.error);
    });
  },
};

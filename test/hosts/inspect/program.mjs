// A program whose runtime is inspected: `program.mjs SCENE PORT TOKEN`. It prints its address, and
// answers lines on stdin.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { ActivityRuntime } from '../../../dist/index.js';
import { inspect } from '../../../dist/inspect.js';

const [, , scene, port, token, option = ''] = process.argv;
const runtime = new ActivityRuntime({ logger: false, ...limits() });
const never = () => new Promise(() => {});

const answers = {
  /** How many activities are cancelled, paused and so on. */
  list: () => runtime.list().map(({ activityId, runState }) => `${activityId} ${runState}`),
  start: () => {
    runtime.start(never, { activityId: 'later', activityType: 'sendMail' });
    return 'started';
  },
  /** An id with half of a character, which an address cannot have. */
  half: () => {
    runtime.start(never, { activityId: '\ud83d half', activityType: 'sendMail' });
    return 'started';
  },
  heapMb: () => {
    globalThis.gc?.();
    return Math.round(process.memoryUsage().heapUsed / 1e6);
  },
  throughput: () => throughput(),
};

function limits() {
  if (scene === 'queue') return { maxConcurrentActivities: 3 };
  return {};
}

const scenes = {
  /** Something of everything. */
  some() {
    const beats = async (ctx, total) => {
      for (let done = ctx.heartbeatDetails?.done ?? 0; ; done = (done + 1) % total) {
        ctx.heartbeat({ done, total, label: `row ${done}` });
        await ctx.sleep(200);
      }
    };
    const beating = { heartbeatTimeout: '5s', heartbeatThrottleInterval: 200 };
    runtime.start(beats, {
      ...beating,
      activityId: 'big.csv',
      activityType: 'importRows',
      args: [400],
    });
    runtime.start(beats, {
      ...beating,
      activityId: 'new.csv',
      activityType: 'importRows',
      args: [40],
    });
    const fails = (ctx) => {
      ctx.heartbeat({ page: 3 });
      throw new Error('connection <b>lost</b>', { cause: new Error('socket hang up') });
    };
    runtime.start(fails, {
      activityId: '<img src=x onerror=alert(1)>',
      activityType: 'fetchPage',
      retryPolicy: { initialInterval: '1 minute' },
    });
    runtime.start(never, {
      activityId: 'hangs',
      activityType: 'resize',
      heartbeatTimeout: '2s',
      retryPolicy: { initialInterval: 300, maximumInterval: 300 },
    });
    const paused = runtime.start(fails, {
      activityId: 'paused',
      activityType: 'fetchPage',
      retryPolicy: { initialInterval: '1 minute' },
    });
    paused.pause();
    runtime.start(never, { activityId: 'nightly', activityType: 'report', startDelay: '1h' });
  },
  /** A few slots, and a queue. */
  queue() {
    const work = (ctx) => ctx.sleep(300 + Math.random() * 1_500);
    const again = () => {
      void runtime.run(work, { activityType: 'resize', args: [] }).finally(again);
    };
    for (let n = 0; n < 8; n++) again();
  },
  /** 10,000 open activities, and 1,000 changes a second. */
  many() {
    const count = 10_000;
    const changes = option === 'still' ? 0 : 1_000;
    const beats = async (ctx, n) => {
      await ctx.sleep((n / count) * (count / changes) * 1_000);
      for (let done = 0; ; done++) {
        ctx.heartbeat({ done, total: 100 });
        await ctx.sleep((count / changes) * 1_000);
      }
    };
    for (let n = 0; n < count; n++) {
      runtime.start(changes === 0 ? never : beats, {
        activityId: `item-${n}`,
        activityType: ['importRows', 'resize', 'sendMail'][n % 3],
        heartbeatTimeout: '1 minute',
        heartbeatThrottleInterval: 0,
        args: [n],
      });
    }
  },
};

/**
 * What the program gets done for each second of its own processor time, beside everything else: so a
 * busy machine does not show.
 */
async function throughput() {
  const text = Buffer.alloc(20_000, 'x');
  const cpuMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  const from = cpuMs();
  let done = 0;
  while (cpuMs() - from < 1_500) {
    for (let n = 0; n < 20; n++) createHash('sha256').update(text).digest();
    done += 20;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done / ((cpuMs() - from) / 1_000);
}

scenes[scene]();
const inspector =
  option === 'bare'
    ? undefined
    : await inspect(runtime, {
        port: Number(port),
        token,
        actions: option !== 'look',
        details: option !== 'hidden',
      });
console.log(JSON.stringify({ url: inspector?.url }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ answer: await answers[line]() }));
}

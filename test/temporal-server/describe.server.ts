/** The result of `describe()` for the same activity on both runtimes. */
import { isDeepStrictEqual } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, test } from 'vitest';
import {
  ActivityRuntime,
  ApplicationFailure,
  type ActivityContext,
  type ActivityHandleLike,
  type ActivityOptions,
  type ActivityRunner,
} from 'systole';
import { TemporalRuntime, toTemporal } from 'systole/temporal';
import { startWorkers, type Workers } from './worker.js';

type Behaviour =
  'succeeds at attempt 2' | 'fails' | 'hangs' | 'stops when told' | 'fails, then stops';

async function behave(ctx: ActivityContext, behaviour: Behaviour): Promise<void> {
  const { attempt } = ctx.info;
  ctx.heartbeat({ attempt });
  const fails = behaviour === 'fails' || (behaviour !== 'hangs' && attempt === 1);
  if (fails && behaviour !== 'stops when told') {
    throw ApplicationFailure.retryable(`no ${attempt}`, 'No');
  }
  if (behaviour === 'succeeds at attempt 2') return;
  if (behaviour === 'hangs') await ctx.cancelled;
  for (;;) {
    ctx.heartbeat({ attempt });
    await ctx.sleep(25);
  }
}

let workers: Workers;
let connection: Connection;
let runtimes: readonly ActivityRunner[];

beforeAll(async () => {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '';
  const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  workers = await startWorkers(address, namespace, toTemporal({ behave }));
  connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  runtimes = [
    new ActivityRuntime({ logger: false }),
    new TemporalRuntime({ client, taskQueue: workers.queue('fast') }),
  ];
});

afterAll(async () => {
  await workers.stop();
  await connection.close();
});

interface Moment {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly options?: ActivityOptions;
  readonly reach: (handle: ActivityHandleLike, until: Until) => Promise<void>;
  /** What both show at that moment. */
  readonly seen: Seen;
  /** What only the server has lost. */
  readonly lost?: Partial<Seen>;
}

interface Seen {
  readonly status: string;
  readonly runState: string | undefined;
  readonly attempt: number;
  readonly heartbeatDetails: unknown;
  readonly lastFailure: string | undefined;
  readonly closed: boolean;
  readonly waits: boolean;
}

type Until = (wanted: Partial<Seen>) => Promise<void>;

const LONG_BACKOFF = { retryPolicy: { initialInterval: '1h' } } as const;
const WAIT = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;

const closed = (seen: Partial<Seen>): Seen => ({
  status: 'COMPLETED',
  runState: undefined,
  attempt: 1,
  heartbeatDetails: { attempt: 1 },
  lastFailure: undefined,
  closed: true,
  waits: false,
  ...seen,
});
const open = (seen: Partial<Seen>): Seen => closed({ status: 'RUNNING', closed: false, ...seen });

const BEFORE_2 = { attempt: 2, runState: 'SCHEDULED' } as const;

const moments: readonly Moment[] = [
  {
    name: 'in a backoff',
    behaviour: 'fails',
    options: LONG_BACKOFF,
    reach: (_, until) => until(BEFORE_2),
    seen: open({ ...BEFORE_2, lastFailure: 'no 1', waits: true }),
  },
  {
    name: 'completed at its second attempt',
    behaviour: 'succeeds at attempt 2',
    reach: async (handle) => {
      await handle.result();
    },
    seen: closed({ attempt: 2, heartbeatDetails: { attempt: 2 }, lastFailure: 'no 1' }),
  },
  {
    name: 'completed from outside in a backoff',
    behaviour: 'fails',
    options: LONG_BACKOFF,
    reach: async (handle, until) => {
      await until(BEFORE_2);
      await handle.complete(undefined);
    },
    seen: closed({ lastFailure: 'no 1' }),
    lost: { attempt: 2 },
  },
  {
    name: 'failed at its last attempt',
    behaviour: 'fails',
    options: { retryPolicy: { initialInterval: 20, maximumAttempts: 2 } },
    reach: async (handle) => {
      await handle.result().catch(() => {});
    },
    seen: closed({
      status: 'FAILED',
      attempt: 2,
      heartbeatDetails: { attempt: 2 },
      lastFailure: 'no 2',
    }),
  },
  {
    name: 'timed out',
    behaviour: 'hangs',
    options: { startToCloseTimeout: 1_500, retryPolicy: { maximumAttempts: 1 } },
    reach: async (handle) => {
      await handle.result().catch(() => {});
    },
    seen: closed({ status: 'TIMED_OUT', lastFailure: 'activity StartToClose timeout' }),
  },
  {
    name: 'terminated while it runs',
    behaviour: 'hangs',
    reach: async (handle, until) => {
      await until({ heartbeatDetails: { attempt: 1 } });
      await handle.terminate();
    },
    seen: closed({ status: 'TERMINATED' }),
  },
  {
    name: 'terminated in a backoff',
    behaviour: 'fails',
    options: LONG_BACKOFF,
    reach: async (handle, until) => {
      await until(BEFORE_2);
      await handle.terminate();
    },
    seen: closed({ status: 'TERMINATED', lastFailure: 'no 1' }),
  },
  {
    name: 'cancelled in a backoff',
    behaviour: 'fails',
    options: { ...LONG_BACKOFF, ...WAIT },
    reach: async (handle, until) => {
      await until(BEFORE_2);
      await handle.cancel();
    },
    seen: closed({ status: 'CANCELED', lastFailure: 'no 1' }),
  },
  {
    name: 'cancelled while it runs',
    behaviour: 'stops when told',
    options: WAIT,
    reach: async (handle, until) => {
      await until({ heartbeatDetails: { attempt: 1 } });
      await handle.cancel();
      await handle.result().catch(() => {});
    },
    seen: closed({ status: 'CANCELED' }),
  },
  {
    name: 'paused, after the function accepted it',
    behaviour: 'stops when told',
    reach: async (handle, until) => {
      await until({ heartbeatDetails: { attempt: 1 } });
      await handle.pause();
      await until({ status: 'PAUSED' });
    },
    seen: open({ status: 'PAUSED', runState: 'PAUSED', attempt: 2 }),
  },
  {
    name: 'paused, after a failure and an attempt that accepted it',
    behaviour: 'fails, then stops',
    options: { retryPolicy: { initialInterval: 20 } },
    reach: async (handle, until) => {
      await until({ heartbeatDetails: { attempt: 2 } });
      await handle.pause();
      await until({ status: 'PAUSED' });
    },
    seen: open({
      status: 'PAUSED',
      runState: 'PAUSED',
      attempt: 3,
      heartbeatDetails: { attempt: 2 },
      lastFailure: 'no 1',
    }),
    lost: { lastFailure: undefined },
  },
];

for (const { name, behaviour, options, reach, seen, lost } of moments) {
  test.concurrent(name, async ({ expect: expectHere }) => {
    const [here, there] = await Promise.all(
      runtimes.map(async (runtime) => {
        const handle: ActivityHandleLike = await runtime.start(behave, {
          args: [behaviour],
          startToCloseTimeout: '20s',
          retryPolicy: { initialInterval: 20 },
          ...options,
        });
        await reach(handle, untilOf(handle));
        const found = await whenClosed(handle, seen.closed);
        if (!found.closed) await handle.terminate();
        return found;
      }),
    );
    expectHere({ here, there }).toEqual({ here: seen, there: { ...seen, ...lost } });
  });
}

async function look(handle: ActivityHandleLike): Promise<Seen> {
  const description = await handle.describe();
  const { status, runState, attempt, heartbeatDetails, lastFailure } = description;
  return {
    status,
    runState,
    attempt,
    heartbeatDetails,
    // In systole, it also says how long the timeout is.
    lastFailure: lastFailure?.message.replace(/ after \d+ ms$/, ''),
    closed: description.closeTime !== undefined,
    waits: description.nextAttemptScheduleTime !== undefined,
  };
}

function untilOf(handle: ActivityHandleLike): Until {
  return async (wanted) => {
    for (;;) {
      const seen: object = await look(handle);
      if (isDeepStrictEqual({ ...seen, ...wanted }, seen)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
}

/** A caller may get its result before the server has recorded the end. */
async function whenClosed(handle: ActivityHandleLike, closes: boolean): Promise<Seen> {
  if (closes) await untilOf(handle)({ closed: true });
  return look(handle);
}

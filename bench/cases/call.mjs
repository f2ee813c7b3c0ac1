// Row 1: a no-op activity, awaited before the next one starts.
import { isNode20 } from '../node-version.mjs';
import { activityOptions, retryOptions, timeoutMs } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

const noop = async () => 1;

/** Policies, effects and options are made once, which is what each peer does best. */
const contender = (prepare) => async () => {
  const call = await prepare();
  return async (count) => {
    let sum = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) sum += await call();
    const time = ((performance.now() - start) * 1e6) / count;
    if (sum !== count) throw new Error(`${count} calls gave ${sum}`);
    return { time };
  };
};

const contenders = {
  systole: contender(async () => {
    const { runActivity } = await loadSystole();
    return () => runActivity(noop, activityOptions);
  }),
  'bare await': contender(() => () => noop()),
  'p-retry': contender(async () => {
    const { default: pRetry } = await import('p-retry');
    return () => pRetry(noop, retryOptions);
  }),
  'cockatiel retry + timeout': contender(async () => {
    const { ExponentialBackoff, TimeoutStrategy, handleAll, retry, timeout, wrap } =
      await import('cockatiel');
    const policy = wrap(
      retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
      timeout(timeoutMs, TimeoutStrategy.Aggressive),
    );
    return () => policy.execute(noop);
  }),
  'effect timeout + retry': contender(async () => {
    const { Effect, Schedule } = await import('effect');
    const effect = Effect.tryPromise(noop).pipe(
      Effect.timeout(timeoutMs),
      Effect.retry({ times: 2, schedule: Schedule.exponential('1 second') }),
    );
    return () => Effect.runPromise(effect);
  }),
  'Temporal mock, new': contender(async () => {
    const { MockActivityEnvironment } = await import('@temporalio/testing');
    return () => new MockActivityEnvironment().run(noop);
  }),
  'Temporal mock, reused': contender(async () => {
    const { MockActivityEnvironment } = await import('@temporalio/testing');
    const environment = new MockActivityEnvironment();
    return () => environment.run(noop);
  }),
};

export default {
  title: 'One no-op call, sequential',
  contenders,
  // Temporal turns AsyncLocalStorage on, which slows down every later promise of its process.
  apart: ['Temporal mock, new', 'Temporal mock, reused'],
  rows: [
    { text: 'no-op call: cost, in p-retry calls', of: 'systole', per: 'p-retry', atMost: 3.5 },
    {
      text: 'no-op call: times faster than cockatiel',
      of: 'cockatiel retry + timeout',
      per: 'systole',
      atLeast: isNode20 ? 15 : 9,
    },
    {
      text: 'no-op call: times faster than a new Temporal mock',
      of: 'Temporal mock, new',
      per: 'systole',
      atLeast: 12,
    },
    {
      text: 'no-op call: times faster than a reused Temporal mock',
      of: 'Temporal mock, reused',
      per: 'systole',
    },
    {
      text: 'no-op call: times faster than effect',
      of: 'effect timeout + retry',
      per: 'systole',
    },
    { text: 'no-op call: cost, in bare awaits', of: 'systole', per: 'bare await' },
  ],
};

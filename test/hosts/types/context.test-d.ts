// What an activity is given, and which functions are activities.
import {
  runActivity,
  type ActivityContext,
  type ActivityInfo,
  type AnyActivity,
  type CancellationDetails,
  type Logger,
} from 'systole';
import { check, typeOf, type Equal } from './assert.js';

interface Cursor {
  line: number;
}

// Without an annotation the details are unknown, and the function may heartbeat any.
void runActivity(async (ctx) => {
  typeOf(ctx).is<ActivityContext<unknown>>();
  typeOf(ctx.heartbeatDetails).is<unknown>();
  ctx.heartbeat();
  ctx.heartbeat({ line: 1 });
  ctx.heartbeat(null);
  // @ts-expect-error (is of type 'unknown'|Object is possibly 'undefined')
  return ctx.heartbeatDetails.line;
});
void runActivity(
  async (ctx, file: string) => {
    typeOf(ctx).is<ActivityContext>();
    return file;
  },
  { args: ['a.csv'] },
);
check<Equal<ActivityContext, ActivityContext<unknown>>>(true);

// The annotation types what is heartbeaten and what is found again.
void runActivity(async (ctx: ActivityContext<{ line: number }>) => {
  typeOf(ctx.heartbeatDetails).is<{ line: number } | undefined>();
  typeOf(ctx.heartbeatDetails?.line ?? 0).is<number>();
  typeOf(ctx.hasHeartbeatDetails).is<boolean>();
  typeOf(ctx.heartbeat({ line: 1 })).is<void>();
  ctx.heartbeat();
  ctx.heartbeat(undefined);
  // @ts-expect-error Type 'string' is not assignable to type 'number'
  ctx.heartbeat({ line: '1' });
  // @ts-expect-error 'row' does not exist in type '\{ line: number; \}'
  ctx.heartbeat({ line: 1, row: 2 });
  // @ts-expect-error Property 'line' is missing in type '\{\}'
  ctx.heartbeat({});
  // @ts-expect-error Argument of type 'null' is not assignable to parameter of type
  ctx.heartbeat(null);
  // @ts-expect-error Expected 0-1 arguments, but got 2
  ctx.heartbeat({ line: 1 }, { line: 2 });
  // @ts-expect-error '(ctx\.heartbeatDetails|Object)' is possibly 'undefined'
  ctx.heartbeatDetails.line;
});
void runActivity(async (ctx: ActivityContext<Cursor | null>) => {
  ctx.heartbeat(null);
  typeOf(ctx.heartbeatDetails).is<Cursor | null | undefined>();
});
void runActivity(async (ctx: ActivityContext<bigint>) => {
  ctx.heartbeat(2n);
  typeOf(ctx.heartbeatDetails).is<bigint | undefined>();
});

// Every method may be taken off the context.
void runActivity(async ({ heartbeat, sleep, signal, heartbeatDetails, info, log }) => {
  signal.throwIfAborted();
  typeOf(heartbeatDetails).is<unknown>();
  heartbeat({ line: 1 });
  await sleep('5 minutes');
  log.info('slept', { attempt: info.attempt });
});
void runActivity(async ({ heartbeat, heartbeatDetails }: ActivityContext<Cursor>) => {
  heartbeat({ line: (heartbeatDetails?.line ?? 0) + 1 });
  // @ts-expect-error Type 'string' is not assignable to type 'number'
  heartbeat({ line: 'x' });
  [1, 2].map((line) => ({ line })).forEach((cursor) => heartbeat(cursor));
});
check<Equal<ThisParameterType<ActivityContext['heartbeat']>, void>>(true);
check<Equal<ThisParameterType<ActivityContext['sleep']>, void>>(true);

// A watched stream has the items of its source, and `details` gets them.
declare const words: AsyncIterable<string>;
declare const bytes: ReadableStream<Uint8Array>;
void runActivity(async (ctx: ActivityContext<Cursor>) => {
  const limits = { first: '60s', between: 10_000 } as const;
  for await (const word of ctx.watch(words, limits)) typeOf(word).is<string>();
  for await (const chunk of ctx.watch(bytes)) typeOf(chunk).is<Uint8Array>();
  ctx.watch(words, { details: (word, index) => ({ line: word.length + index }) });
  // @ts-expect-error Type 'string' is not assignable to type 'number'
  ctx.watch(words, { details: (word) => ({ line: word }) });
  // @ts-expect-error Type '"soon"' is not assignable to type 'Duration
  ctx.watch(words, { between: 'soon' });
  // @ts-expect-error (Argument of type 'number\[\]' is not assignable to|No overload matches)
  ctx.watch([1, 2]);
  typeOf(ctx.yield()).is<Promise<void>>();
  const { watch, yield: giveTurn } = ctx;
  await giveTurn();
  typeOf(watch(words)).is<AsyncIterableIterator<string>>();
});

// Members.
void runActivity(async (ctx) => {
  typeOf(ctx.signal).is<AbortSignal>();
  typeOf(ctx.cancelled).is<Promise<never>>();
  typeOf(ctx.cancellationDetails).is<CancellationDetails | undefined>();
  typeOf(ctx.cancellationDetails?.timedOut).is<boolean | undefined>();
  typeOf(ctx.sleep(1500)).is<Promise<void>>();
  typeOf(ctx.info).is<ActivityInfo>();
  typeOf(ctx.log).is<Logger>();
  typeOf(await Promise.race([ctx.cancelled, Promise.resolve(1)])).is<number>();
  // @ts-expect-error Argument of type '"soon"' is not assignable to parameter of type 'Duration'
  await ctx.sleep('soon');
  // @ts-expect-error Cannot assign to 'signal' because it is a read-only property
  ctx.signal = new AbortController().signal;
  // @ts-expect-error Cannot assign to 'heartbeatDetails' because it is a read-only property
  ctx.heartbeatDetails = 1;
  // @ts-expect-error Cannot assign to 'attempt' because it is a read-only property
  ctx.info.attempt = 2;
  // @ts-expect-error Property 'hearbeat' does not exist
  ctx.hearbeat();
});
declare const info: ActivityInfo;
typeOf(info.activityId).is<string>();
typeOf(info.activityType).is<string>();
typeOf(info.attempt).is<number>();
typeOf(info.priority).is<number>();
typeOf(info.scheduledTimestampMs).is<number>();
typeOf(info.currentAttemptScheduledTimestampMs).is<number>();
typeOf(info.startedTimestampMs).is<number>();
typeOf(info.heartbeatTimeoutMs).is<number | undefined>();
typeOf(info.startToCloseTimeoutMs).is<number | undefined>();
typeOf(info.scheduleToCloseTimeoutMs).is<number | undefined>();
check<
  Equal<
    { [K in keyof CancellationDetails]: CancellationDetails[K] },
    Readonly<
      Record<
        'cancelRequested' | 'paused' | 'reset' | 'timedOut' | 'workerShutdown' | 'notFound',
        boolean
      >
    >
  >
>(true);

// The policy in `info` is filled in, with intervals in milliseconds.
const policy = info.retryPolicy;
typeOf(policy.initialInterval).is<number>();
typeOf(policy.maximumInterval).is<number>();
typeOf(policy.backoffCoefficient).is<number>();
typeOf(policy.maximumAttempts).is<number>();
typeOf(policy.jitter).is<number>();
const listed: readonly unknown[] = policy.nonRetryableErrorTypes;
void listed;

// Which functions are activities: any context, any arguments, any result.
class Uploads {
  async upload(_ctx: ActivityContext<Cursor>, file: string): Promise<string> {
    return file;
  }
}
const activities = {
  none: () => 1,
  bare: async (ctx: ActivityContext) => ctx.heartbeat(),
  typed: async (ctx: ActivityContext<Cursor>, file: string) => ctx.heartbeat({ line: file.length }),
  primitive: (ctx: ActivityContext<number>, ...files: string[]) => ctx.heartbeat(files.length),
  optional: (_ctx: ActivityContext, file?: string) => file,
  callback: async (_ctx: ActivityContext, row: (line: string) => boolean) => row(''),
  generic: async <T>(_ctx: ActivityContext<T>, item: T) => item,
  destructured: async ({ heartbeat }: ActivityContext<Cursor>) => heartbeat({ line: 1 }),
  method: new Uploads().upload,
  throws: (): never => {
    throw new Error('always');
  },
} satisfies Record<string, AnyActivity>;
typeOf(runActivity(activities.typed, { args: ['a.csv'] })).is<Promise<void>>();
// @ts-expect-error Types of parameters '\w+' and 'ctx' are incompatible
const notContext: AnyActivity = (file: string) => file;
// @ts-expect-error Type 'string' is not assignable to type 'AnyActivity'
const notFunction: AnyActivity = 'activity';
void [notContext, notFunction];

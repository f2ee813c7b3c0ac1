/** The runtime for tests: the real engine, on time that moves only when told. */
import { badOption, checkNames } from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { DetailsCodec } from '../heartbeat/details/codec.js';
import type { HeartbeatStore } from '../heartbeat/store/store.js';
import { safeLog, type Logger } from '../kernel/logger.js';
import { ignore, isThenable } from '../kernel/promises.js';
import type { AnyFunction } from '../runtime/attempt/attempt.js';
import type { Completion } from '../runtime/completion.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { conclude } from '../runtime/activity/endings.js';
import { cancel } from '../runtime/activity/stopping.js';
import { Engine } from '../runtime/engine.js';
import { callOf, type CallOptions } from '../runtime/options/activity-options.js';
import type { Execution } from '../runtime/activity/execution.js';
import type { ActivityHandle } from '../runtime/handle.js';
import { executionOf } from '../runtime/joining.js';
import {
  checkRuntimeOptions,
  RUNTIME_OPTION_NAMES,
  type RuntimeOptions,
} from '../runtime/options/runtime-options.js';
import { proxyOf, type ProxiedActivities } from '../runtime/proxy.js';
import type { ProxyOptions, RunParameters } from '../runtime/runtime.js';
import type { ShutdownOptions, ShutdownResult } from '../runtime/shutdown.js';
import { AroundAttempts, copyOf } from './around-attempts.js';
import { Recorder, type AttemptRecord, type RecordedEvent } from './recorder.js';
import { TimeSkipper } from './skipper.js';
import { Steering } from './steering.js';
import { argsThroughJson } from './temporal-worker.js';
import { TestHandle } from './test-handle.js';
import { timeline } from './timeline.js';
import { VirtualClock } from './virtual-clock.js';

/**
 * Whose rules hold in a test environment.
 *
 * - `'in-process'`: Those of systole's own runtime.
 * - `'temporal'`: Those of the same activity on a Temporal cluster.
 */
export type TestSemantics = 'in-process' | 'temporal';

/**
 * The options of a test environment: those of a runtime, and some of its own. The default `logger`
 * writes errors only.
 */
export interface TestEnvironmentOptions extends RuntimeOptions {
  /**
   * Whether time skips to the next timer by itself, while a `run()`, `result()` or `settled()` is
   * pending and nothing but waits is left. Default true; with false only `advance` moves it.
   */
  readonly autoSkip?: boolean | undefined;
  /** The maximum number of attempts of one activity; one more fails the test. Default 1,000. */
  readonly maxAttempts?: number | undefined;
  /**
   * Whether a test shows what a cluster does to the code. With `'temporal'` a request reaches it
   * with an unthrottled report only, throttled details are lost on a timeout, timeouts count from
   * the last report, a heartbeat without details erases them, arguments and results pass through
   * JSON, and details that are not JSON are refused. Default `'in-process'`.
   */
  readonly semantics?: TestSemantics | undefined;
}

const DEFAULT_MAX_ATTEMPTS = 1_000;

/**
 * Runs activities as production does, in virtual time: an hour of backoff takes no time at all.
 * Make one for each test.
 *
 * @example
 * await using env = new TestActivityEnvironment();
 * env.failOnHeartbeat(3, new Error('connection lost'));
 * await env.run(importRows, { args: ['big.csv'] });
 * expect(env.attempts[1].heartbeatDetails).toEqual({ line: 3 });
 */
export class TestActivityEnvironment {
  readonly #clock = new VirtualClock();
  readonly #engine: Engine;
  readonly #recorder: Recorder;
  readonly #skipper: TimeSkipper;
  readonly #steering = new Steering();
  readonly #autoSkip: boolean;
  readonly #temporal: boolean;
  readonly #around: AroundAttempts;
  readonly #codec: DetailsCodec;
  #before: { readonly details: unknown; readonly attempt: number } | undefined;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: TestEnvironmentOptions = {}) {
    checkNames(options, {
      ...RUNTIME_OPTION_NAMES,
      of: 'TestActivityEnvironment',
      known: new Set([...RUNTIME_OPTION_NAMES.known, 'autoSkip', 'maxAttempts', 'semantics']),
    });
    const { autoSkip = true, maxAttempts, semantics, ...rest } = options;
    checkRuntimeOptions(rest); // as given: some are wrapped below
    const { logger = ERRORS_ONLY, interceptors = [], store, ...runtime } = rest;
    const nudge = (): void => {
      if (autoSkip) this.#skipper.nudge();
    };
    this.#autoSkip = autoSkip;
    this.#codec = new DetailsCodec(runtime.serializer, runtime.maxHeartbeatDetailsBytes);
    this.#temporal = readSemantics(semantics) === 'temporal';
    this.#around = new AroundAttempts({
      clock: this.#clock,
      steering: this.#steering,
      temporal: this.#temporal,
      engine: () => this.#engine,
      recorder: () => this.#recorder,
      nudge,
    });
    const all = {
      ...runtime,
      logger,
      store: store && telling(store, nudge),
      interceptors: [this.#around, ...interceptors, this.#around.worker],
    };
    this.#engine = new Engine(all, this.#clock, () => MIDDLE);
    this.#recorder = new Recorder(this.#engine.events, this.#clock);
    this.#skipper = new TimeSkipper(this.#engine, this.#clock);
    this.#limitAttempts(readMaxAttempts(maxAttempts));
    if (autoSkip) {
      this.#clock.whenTimerSet(nudge);
      for (const name of ['attemptFailed', 'attemptSettled', 'completed', 'failed'] as const) {
        this.#engine.events.watch(name, nudge);
      }
    }
  }

  // ── Running ──────────────────────────────────────────────────────────────────────────────────

  /** Runs an activity like `ActivityRuntime.run`. While it is pending, time skips by itself. */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>> {
    try {
      return this.start(fn, ...rest).result();
    } catch (refused) {
      return Promise.reject(refused);
    }
  }

  /**
   * Starts an activity like `ActivityRuntime.start`. Time stands still until somebody waits for
   * `result()` or `settled()`.
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandle<Awaited<R>, D> {
    const call = callOf(rest);
    const run = fn as AnyFunction;
    if (!this.#temporal || call?.signal?.aborted === true) return this.#start(run, call);
    // A caller's abort is a request to the server there, which the activity hears of as of others.
    const { signal, args, ...others } = call ?? {};
    const converted = Array.isArray(args) ? argsThroughJson(args) : args;
    const options = { ...others, args: converted };
    // Whoever joins an open activity ends by it only the own wait, there as here.
    return this.#isOpen(call?.activityId)
      ? this.#start(run, { ...options, signal })
      : this.#start(run, options, signal);
  }

  #isOpen(activityId: string | undefined): boolean {
    return this.#engine.executions().some((one) => one.activityId === activityId);
  }

  #start<Result, Details>(
    fn: AnyFunction,
    call: CallOptions | undefined,
    signal?: AbortSignal,
  ): ActivityHandle<Result, Details> {
    const started = this.#engine.start(fn, call, (one) => this.#prepare(one));
    const execution = executionOf(started);
    if (signal !== undefined) cancelWith(signal, execution);
    const skipper = this.#autoSkip ? this.#skipper : undefined;
    return new TestHandle<Result, Details>(execution, started.result, skipper);
  }

  #prepare(execution: Execution): void {
    execution.caller.expectNobody();
    let { options } = execution;
    if (this.#temporal) {
      this.#around.throttles.set(execution, options.throttleIntervalMs);
      // The worker's throttle comes before.
      options = { ...options, throttleIntervalMs: 0, cancellationDelivery: 'heartbeat' };
    }
    const { details, attempt = 1 } = this.#before ?? {};
    execution.state.prepare(options, attempt - 1);
    if (details !== undefined) {
      execution.checkpoint.adopt(copyOf(details, execution) as NonNullable<Execution['details']>);
    }
  }

  /** Makes functions that run activities, like `ActivityRuntime.proxy`. */
  proxy<T extends object>(activities: T, options?: ProxyOptions): ProxiedActivities<T> {
    const run = (fn: AnyFunction, call: CallOptions): Promise<unknown> => this.run(fn, call);
    return proxyOf(activities, options, run) as ProxiedActivities<T>;
  }

  /** Completes attempts from outside by their task tokens, like `ActivityRuntime.completion`. */
  get completion(): Completion {
    return this.#engine.completion;
  }

  /**
   * Shuts the runtime down like `ActivityRuntime.shutdown`. Its grace is virtual time, which skips
   * meanwhile.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownResult> {
    const done = this.#engine.shutdown(options);
    if (this.#autoSkip) this.#skipper.awaitPromise(done);
    return done;
  }

  // ── What has happened ────────────────────────────────────────────────────────────────────────

  /** The details of all heartbeats, in order; `undefined` for a heartbeat without details. */
  get heartbeats(): readonly unknown[] {
    return this.#recorder.beats.map(({ details }) => details);
  }

  /** The details that were reported, in order: what a store and listeners have seen. */
  get reports(): readonly unknown[] {
    return this.events.flatMap((event) => (event.name === 'heartbeat' ? [event.details] : []));
  }

  /** All events of the runtime, in order. */
  get events(): readonly RecordedEvent[] {
    return this.#recorder.events;
  }

  /** All attempts of all activities, in the order they began. */
  get attempts(): readonly AttemptRecord[] {
    return this.#recorder.attempts;
  }

  // ── Time ─────────────────────────────────────────────────────────────────────────────────────

  /** The virtual time in milliseconds since the environment was made. */
  now(): number {
    return this.#clock.now();
  }

  /**
   * Moves virtual time forward. Timers fire one by one in their order, each in its own turn of the
   * event loop, whatever activities are doing meanwhile.
   *
   * @throws TypeError (as a rejection) for a bad or endless duration
   */
  async advance(duration: Duration): Promise<void> {
    const ms = durationMs(duration, 'advance');
    if (ms === Infinity) throw badOption('advance', duration, 'a finite duration');
    await this.#clock.advance(ms);
  }

  /**
   * Waits in virtual time, for the fakes that a test gives its activities, such as a service that
   * takes four minutes. An activity that awaits it counts as one that waits. The environment cannot
   * see which one that is: a sleep stands for one of those that were running when it began.
   *
   * @throws TypeError (as a rejection) for a bad or endless duration
   */
  async sleep(duration: Duration): Promise<void> {
    const ms = durationMs(duration, 'sleep');
    if (ms === Infinity) throw badOption('sleep', duration, 'a finite duration');
    await this.#skipper.sleep(ms);
  }

  // ── Steering ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Lets activities that start from now on begin as if an earlier attempt had left these details.
   *
   * @throws HeartbeatDetailsError
   */
  setHeartbeatDetails(
    details: unknown,
    options: {
      /** The number of their first attempt. Default 2. */
      readonly attempt?: number | undefined;
    } = {},
  ): void {
    const { attempt = 2 } = options;
    if (!Number.isInteger(attempt) || attempt < 1) {
      throw badOption('setHeartbeatDetails attempt', attempt, 'a whole number above 0');
    }
    this.#before = {
      details: details === undefined ? undefined : this.#codec.snapshot(details, () => {}),
      attempt,
    };
  }

  /**
   * Adds a listener that is called with the details of every heartbeat and the attempt it came
   * from. What it throws is thrown by that call of `heartbeat`. It is not awaited; a rejection is
   * logged.
   */
  onHeartbeat(listener: (details: unknown, attempt: AttemptRecord) => unknown): void {
    this.#around.listeners.push(listener);
  }

  /**
   * Cancels the activity at the `n`-th heartbeat, counted from 1 over all heartbeats of the
   * environment; the function hears of it in that call.
   *
   * @throws TypeError if `n` is no whole number, over already, or taken by another of these
   */
  cancelOnHeartbeat(n: number): void {
    this.#steering.plan('cancelOnHeartbeat', n, { do: 'cancel' });
  }

  /** Pauses the activity at the `n`-th heartbeat; `n` counts as for `cancelOnHeartbeat`. */
  pauseOnHeartbeat(n: number): void {
    this.#steering.plan('pauseOnHeartbeat', n, { do: 'pause' });
  }

  /** Makes the `n`-th call of `heartbeat` throw the error, after its details were taken. */
  failOnHeartbeat(n: number, error: unknown): void {
    this.#steering.plan('failOnHeartbeat', n, { do: 'fail', error });
  }

  /**
   * Makes the attempt hang after its `n`-th heartbeat: what it does from there is ignored, and time
   * jumps to its timeout.
   */
  timeoutOnHeartbeat(n: number): void {
    this.#steering.plan('timeoutOnHeartbeat', n, { do: 'timeout' });
  }

  /** Begins to shut the runtime down at the `n`-th heartbeat. */
  shutdownOnHeartbeat(n: number): void {
    this.#steering.plan('shutdownOnHeartbeat', n, { do: 'shutdown' });
  }

  /** @internal The program ends at the `n`-th heartbeat, as far as the function can tell. */
  crashOnHeartbeat(n: number, error: unknown): void {
    this.#steering.plan('crashOnHeartbeat', n, { do: 'crash', error });
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends what is left. Call it at the end of each test, best by `await using`.
   *
   * @throws Error (as a rejection) that names the activities that are still open, and the plans,
   * such as `failOnHeartbeat(5)`, whose heartbeat never came: such a test proves less than it seems
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#engine.list();
    const problems = [];
    if (open.length > 0) {
      const names = open.map(
        ({ activityId, activityType, attempt, runState }) =>
          `${activityType} (${activityId}), ${runState ?? ''} at attempt ${attempt}`,
      );
      problems.push(
        `The test ended before its activities: ${names.join('; ')}. Await run() or result(); ` +
          'after a cancel, settled(); or terminate what is started.',
      );
    }
    const { unmet } = this.#steering;
    if (unmet !== undefined) problems.push(`${unmet}. Plan a heartbeat that comes.`);
    const story = timeline({ attempts: this.attempts });
    void this.#engine.shutdown({ abandonAfter: 0 });
    await this.#clock.advance(0); // past work in progress, which nobody waits for any more
    if (problems.length > 0) throw new Error([...problems, story].join('\n'));
  }

  /** @internal For `timeline`. */
  get unmet(): string | undefined {
    return this.#steering.unmet;
  }

  #limitAttempts(maxAttempts: number): void {
    this.#engine.events.watch('attemptFailed', ({ activityId, attempt, failure, nextAttempt }) => {
      if (nextAttempt === undefined || nextAttempt.attempt <= maxAttempts) return;
      const error = new Error(
        `Attempt ${attempt} has failed, and another would follow: TestActivityEnvironment allows ` +
          `${maxAttempts} (maxAttempts). Give it retryPolicy.maximumAttempts, or raise maxAttempts.`,
        { cause: failure },
      );
      const retryState = 'MAXIMUM_ATTEMPTS_REACHED';
      const next = { again: false, status: 'FAILED', cause: error, retryState } as const;
      conclude(this.#engine.find(activityId), { next });
    });
  }
}

/** A store that tells when it was read: then there may be nothing left but waits, and no event. */
function telling(store: HeartbeatStore, onRead: () => void): HeartbeatStore {
  return {
    get: (activityId) => {
      const stored = store.get(activityId);
      if (isThenable(stored)) return Promise.resolve(stored).finally(onRead);
      onRead();
      return stored;
    },
    set: (activityId, snapshot) => store.set(activityId, snapshot),
    delete: (activityId) => store.delete(activityId),
  };
}

/** A test causes failed attempts on purpose, so warnings of them would only be noise. */
const ERRORS_ONLY: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (message, attributes = {}) => safeLog(undefined)('error', message, attributes),
};

/** Jitter is drawn from the middle, the same in every run. */
const MIDDLE = 0.5;

/** As long as a function of the activity may hear of it. */
function cancelWith(signal: AbortSignal, execution: Execution): void {
  const onAbort = (): void => cancel(execution, signal.reason, false);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  void execution.settled().then(() => signal.removeEventListener('abort', onAbort));
}

function readSemantics(semantics: TestSemantics = 'in-process'): TestSemantics {
  if (['in-process', 'temporal'].includes(semantics)) return semantics;
  throw badOption('semantics', semantics, "'in-process' or 'temporal'");
}

function readMaxAttempts(maxAttempts: number = DEFAULT_MAX_ATTEMPTS): number {
  if (maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts > 0)) {
    return maxAttempts;
  }
  throw badOption('maxAttempts', maxAttempts, 'a whole number above 0, or Infinity');
}

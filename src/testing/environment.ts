/** The runtime for tests: the real engine, on time that moves only when told. */
import { badOption } from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { DetailsCodec } from '../heartbeat/details/codec.js';
import { refusable, rejectable } from '../kernel/stack.js';
import type { AnyFunction } from '../runtime/attempt/owner.js';
import type { Completion } from '../runtime/completion.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { Engine } from '../runtime/engine.js';
import type { CallOptions } from '../runtime/options/activity-options.js';
import { callOf } from '../runtime/options/resolve.js';
import type { ActivityHandle } from '../runtime/handle.js';
import { executionOf } from '../runtime/joining.js';
import { proxyOf, type ProxiedActivities } from '../runtime/proxy.js';
import type { ProxyOptions, RunParameters } from '../runtime/runtime.js';
import type { ShutdownOptions, ShutdownResult } from '../runtime/shutdown.js';
import { AroundAttempts } from './around-attempts.js';
import { limitAttempts } from './attempt-limit.js';
import { problemsAtEnd } from './ending.js';
import { resolveEnvironment, type TestEnvironmentOptions } from './environment-options.js';
import { Recorder, type AttemptRecord, type RecordedEvent } from './recorder.js';
import { telling, TimeSkipper } from './skipper.js';
import { Steering } from './steering.js';
import { callThroughJson, cancelWith } from './temporal-client.js';
import { TestHandle } from './test-handle.js';
import { timeline } from './timeline.js';
import { VirtualClock } from './virtual-clock.js';

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

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: TestEnvironmentOptions = {}) {
    const { autoSkip, maxAttempts, temporal, runtime } = resolveEnvironment(options);
    const { interceptors = [], store } = runtime;
    const nudge = (): void => {
      if (autoSkip) this.#skipper.nudge();
    };
    this.#autoSkip = autoSkip;
    this.#codec = new DetailsCodec(runtime.serializer, runtime.maxHeartbeatDetailsBytes);
    this.#temporal = temporal;
    this.#around = new AroundAttempts({
      clock: this.#clock,
      steering: this.#steering,
      temporal,
      engine: () => this.#engine,
      recorder: () => this.#recorder,
      nudge,
    });
    const all = {
      ...runtime,
      store: store && telling(store, nudge),
      interceptors: [this.#around, ...interceptors, this.#around.worker],
    };
    this.#engine = new Engine(all, this.#clock, () => MIDDLE);
    this.#recorder = new Recorder(this.#engine.events, this.#clock);
    this.#skipper = new TimeSkipper(this.#engine, this.#clock);
    limitAttempts(this.#engine, maxAttempts);
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
    return rejectable(this.run, () => this.start(fn, ...rest).result());
  }

  /**
   * Starts an activity like `ActivityRuntime.start`. Time stands still until somebody waits for
   * `result()` or `settled()`.
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandle<Awaited<R>, D> {
    return refusable(this.start, () => this.#startAsCalled(fn as AnyFunction, callOf(rest)));
  }

  #startAsCalled<Result, Details>(
    run: AnyFunction,
    call: CallOptions | undefined,
  ): ActivityHandle<Result, Details> {
    if (!this.#temporal || call?.signal?.aborted === true) return this.#start(run, call);
    const { signal, ...others } = callThroughJson(call);
    // An abort by a caller who joins an open activity ends only that caller's wait, there as here.
    const joins = this.#engine.executions().some((one) => one.activityId === call?.activityId);
    return joins ? this.#start(run, { ...others, signal }) : this.#start(run, others, signal);
  }

  #start<Result, Details>(
    fn: AnyFunction,
    call: CallOptions | undefined,
    signal?: AbortSignal,
  ): ActivityHandle<Result, Details> {
    const started = this.#engine.start(fn, call, (one) => this.#around.prepare(one));
    const execution = executionOf(started);
    if (signal !== undefined) cancelWith(signal, execution);
    const skipper = this.#autoSkip ? this.#skipper : undefined;
    return new TestHandle<Result, Details>(execution, started.result, skipper);
  }

  /** Makes functions that run activities, like `ActivityRuntime.proxy`. */
  proxy<T extends object>(activities: T, options?: ProxyOptions): ProxiedActivities<T> {
    return proxyOf(activities, options, (fn, call, called) =>
      rejectable(called, () => this.start(fn, call).result()),
    ) as ProxiedActivities<T>;
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
    const done = rejectable(this.shutdown, () => this.#engine.shutdown(options));
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
    const snapshot = details === undefined ? undefined : this.#codec.snapshot(details, () => {});
    this.#around.startFrom(snapshot, attempt);
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
    const problems = problemsAtEnd(this.#engine.list(), this.#steering.unmet);
    const story = timeline({ attempts: this.attempts });
    void this.#engine.shutdown({ abandonAfter: 0 });
    await this.#clock.advance(0); // past work in progress, which nobody waits for any more
    if (problems.length > 0) throw new Error([...problems, story].join('\n'));
  }

  /** @internal For `timeline`. */
  get unmet(): string | undefined {
    return this.#steering.unmet;
  }
}

/** Jitter is drawn from the middle, the same in every run. */
const MIDDLE = 0.5;

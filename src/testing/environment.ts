/** The runtime for tests: the real engine, in virtual time. */
import { badOption } from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { refusable, rejectable } from '../kernel/stack.js';
import type { AnyFunction } from '../runtime/attempt/owner.js';
import type { Completion } from '../runtime/completion.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { ActivityHandle } from '../runtime/handle.js';
import { callOf } from '../runtime/options/resolve.js';
import { proxyOf, type ProxiedActivities } from '../runtime/proxy.js';
import type { ActivityRunner } from '../runtime/runner.js';
import type { ProxyOptions, RunParameters } from '../runtime/runtime.js';
import type { ShutdownOptions, ShutdownResult } from '../runtime/shutdown.js';
import type { Recording } from '../timeline/recording.js';
import { failureBefore, problemsAtEnd } from './ending.js';
import type { TestEnvironmentOptions } from './environment-options.js';
import type { AttemptRecord, RecordedEvent } from './recorder.js';
import { TestEngine } from './test-engine.js';
import { timeline } from './timeline.js';

/**
 * Runs activities as production does, in virtual time: an hour of backoff takes no time at all.
 * Make one for each test. It is an `ActivityRunner`, so code that takes one can be tested with it.
 *
 * @example
 * await using env = new TestActivityEnvironment();
 * env.failOnHeartbeat(3, new Error('connection lost'));
 * await env.run(importRows, { args: ['big.csv'] });
 * expect(env.attempts[1].heartbeatDetails).toEqual({ line: 3 });
 */
export class TestActivityEnvironment implements ActivityRunner {
  readonly #inner: TestEngine;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: TestEnvironmentOptions = {}) {
    this.#inner = new TestEngine(options);
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
   * Starts an activity like `ActivityRuntime.start`. Time stands still until `result()` or
   * `settled()` is called.
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandle<Awaited<R>, D> {
    return refusable(this.start, () => this.#inner.start(fn as AnyFunction, callOf(rest)));
  }

  /** Makes functions that run activities, like `ActivityRuntime.proxy`. */
  proxy<T extends object>(activities: T, options?: ProxyOptions): ProxiedActivities<T> {
    return proxyOf(activities, options, (fn, call, called) =>
      rejectable(called, () => this.start(fn, call).result()),
    ) as ProxiedActivities<T>;
  }

  /** Returns the handle of an open activity, like `ActivityRuntime.getHandle`. */
  getHandle<R = unknown, D = unknown>(activityId: string): ActivityHandle<R, D> {
    return refusable(this.getHandle, () => this.#inner.handleOf(activityId));
  }

  /** Completes attempts from outside by their task tokens, like `ActivityRuntime.completion`. */
  get completion(): Completion {
    return this.#inner.engine.completion;
  }

  /**
   * Shuts the runtime down like `ActivityRuntime.shutdown`. The grace period is virtual time, which
   * skips.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownResult> {
    const done = rejectable(this.shutdown, () => this.#inner.engine.shutdown(options));
    this.#inner.autoSkipper?.awaitPromise(done);
    return done;
  }

  // ── What has happened ────────────────────────────────────────────────────────────────────────

  /** The details of all heartbeats, in order; `undefined` for a heartbeat without details. */
  get heartbeats(): readonly unknown[] {
    return this.#inner.recorder.beats.map(({ details }) => details);
  }

  /** The details that were reported to the store and the listeners, in order. */
  get reports(): readonly unknown[] {
    return this.events.flatMap((event) => (event.name === 'heartbeat' ? [event.details] : []));
  }

  /** All events of the runtime, in order. */
  get events(): readonly RecordedEvent[] {
    return this.#inner.recorder.events;
  }

  /** All attempts of all activities, in the order they began. */
  get attempts(): readonly AttemptRecord[] {
    return this.#inner.recorder.attempts;
  }

  /**
   * All that happened, as a recording for `timelineSvg` and the other pictures of
   * `systole/timeline`. It has every heartbeat, not only those that were reported.
   */
  get recording(): Recording {
    return this.#inner.recorder.recording;
  }

  // ── Time ─────────────────────────────────────────────────────────────────────────────────────

  /** The virtual time in milliseconds since the environment was made. */
  now(): number {
    return this.#inner.clock.now();
  }

  /**
   * Moves virtual time forward. Timers fire one by one, in order, each in its own turn of the event
   * loop. Time does not wait for activities that are still working.
   *
   * @throws TypeError (as a rejection) for a bad or endless duration
   */
  async advance(duration: Duration): Promise<void> {
    await this.#inner.clock.advance(finiteMs('advance', duration));
  }

  /**
   * Blocks the event loop in virtual time: the duration passes at once, and no timer fires before it
   * is over. Call it in the fakes that a test gives its activities, for work that computes without
   * a pause.
   *
   * @throws TypeError for a bad or endless duration
   */
  blockEventLoop(duration: Duration): void {
    refusable(this.blockEventLoop, () => this.#inner.block(finiteMs('blockEventLoop', duration)));
  }

  /**
   * Waits in virtual time. Use it in the fakes that a test gives its activities, such as a service
   * that takes four minutes. An activity that awaits it counts as waiting. The environment cannot
   * see which activity that is: it takes one of those that were running when the sleep began.
   *
   * @throws TypeError (as a rejection) for a bad or endless duration
   */
  async sleep(duration: Duration): Promise<void> {
    await this.#inner.skipper.sleep(finiteMs('sleep', duration));
  }

  // ── Steering ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Makes activities that start from now on begin as if an earlier attempt had left these details.
   *
   * @throws HeartbeatDetailsError for details that could not come back as they are
   */
  setHeartbeatDetails(
    details: unknown,
    options: {
      /** The number of the first attempt of these activities. Default 2. */
      readonly attempt?: number | undefined;
    } = {},
  ): void {
    this.#inner.startFrom(details, options.attempt);
  }

  /**
   * Adds a listener that is called with the details of every heartbeat and the attempt it came
   * from. If it throws, that call of `heartbeat` throws. A promise is not awaited, and its rejection
   * is logged.
   */
  onHeartbeat(listener: (details: unknown, attempt: AttemptRecord) => unknown): void {
    this.#inner.around.listeners.push(listener);
  }

  /**
   * Cancels the activity at the `n`-th heartbeat, counted from 1 over all heartbeats of the
   * environment. The request reaches the function in that call.
   *
   * @throws TypeError if `n` is not a whole number, is already over, or has another plan
   */
  cancelOnHeartbeat(n: number): void {
    this.#inner.steering.plan('cancelOnHeartbeat', n, { do: 'cancel' });
  }

  /** Pauses the activity at the `n`-th heartbeat; `n` counts as for `cancelOnHeartbeat`. */
  pauseOnHeartbeat(n: number): void {
    this.#inner.steering.plan('pauseOnHeartbeat', n, { do: 'pause' });
  }

  /** Makes the `n`-th call of `heartbeat` throw the error, after it has taken the details. */
  failOnHeartbeat(n: number, error: unknown): void {
    this.#inner.steering.plan('failOnHeartbeat', n, { do: 'fail', error });
  }

  /**
   * Makes the attempt hang after the `n`-th heartbeat: everything it does afterwards is ignored, and
   * time jumps to its timeout.
   */
  timeoutOnHeartbeat(n: number): void {
    this.#inner.steering.plan('timeoutOnHeartbeat', n, { do: 'timeout' });
  }

  /** Begins to shut the runtime down at the `n`-th heartbeat. */
  shutdownOnHeartbeat(n: number): void {
    this.#inner.steering.plan('shutdownOnHeartbeat', n, { do: 'shutdown' });
  }

  /** @internal Makes the program crash at the `n`-th heartbeat, as far as the function can tell. */
  crashOnHeartbeat(n: number, error: unknown): void {
    this.#inner.steering.plan('crashOnHeartbeat', n, { do: 'crash', error });
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Closes everything that is left. Call it at the end of each test, best with `await using`.
   *
   * @throws Error (as a rejection) that names the activities that are still open and the plans, such
   * as `failOnHeartbeat(5)`, that never happened: a test that leaves either is not testing what it
   * says
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { unmet, events } = this;
    const problems = problemsAtEnd(this.#inner.engine.list(), unmet, failureBefore(unmet, events));
    const story = timeline({ recording: this.recording });
    void this.#inner.engine.shutdown({ abandonAfter: 0 });
    await this.#inner.clock.advance(0); // lets work in progress settle
    if (problems.length > 0) throw new Error([...problems, story].join('\n'));
  }

  /** @internal The plans that have not happened, for `timeline`. */
  get unmet(): string | undefined {
    return this.#inner.steering.unmet;
  }
}

function finiteMs(call: string, duration: Duration): number {
  const ms = durationMs(duration, call);
  if (ms === Infinity) throw badOption(call, duration, 'a finite duration');
  return ms;
}

/** The real engine on virtual time, with everything a test environment puts around it. */
import { badOption } from '../kernel/bad-input.js';
import { DetailsCodec } from '../heartbeat/details/codec.js';
import type { AnyFunction } from '../runtime/attempt/owner.js';
import { Engine } from '../runtime/engine.js';
import type { ActivityHandle } from '../runtime/handle.js';
import { executionOf } from '../runtime/joining.js';
import type { CallOptions } from '../runtime/options/activity-options.js';
import { AroundAttempts } from './around-attempts.js';
import { limitAttempts } from './attempt-limit.js';
import { resolveEnvironment, type TestEnvironmentOptions } from './environment-options.js';
import { Recorder } from './recorder.js';
import { telling, TimeSkipper } from './skipper.js';
import { Steering } from './steering.js';
import { callThroughJson, cancelWith } from './temporal-client.js';
import { TestHandle } from './test-handle.js';
import { VirtualClock } from './virtual-clock.js';

/** Jitter always draws the middle of its range, so every run is the same. */
const MIDDLE = 0.5;

export class TestEngine {
  readonly clock = new VirtualClock();
  readonly steering = new Steering();
  readonly engine: Engine;
  readonly recorder: Recorder;
  readonly around: AroundAttempts;
  readonly skipper: TimeSkipper;
  /** The skipper; undefined with `autoSkip: false`, where time moves by `advance` only. */
  readonly autoSkipper: TimeSkipper | undefined;
  readonly #temporal: boolean;
  readonly #codec: DetailsCodec;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: TestEnvironmentOptions) {
    const { autoSkip, maxAttempts, stuckAfterMs, temporal, runtime } = resolveEnvironment(options);
    const { interceptors = [], store } = runtime;
    const nudge = (): void => this.autoSkipper?.nudge();
    this.#temporal = temporal;
    this.#codec = new DetailsCodec(runtime.serializer, runtime.maxHeartbeatDetailsBytes);
    this.around = new AroundAttempts({
      clock: this.clock,
      steering: this.steering,
      temporal,
      engine: () => this.engine,
      recorder: () => this.recorder,
      nudge,
    });
    const all = {
      ...runtime,
      store: store && telling(store, nudge),
      interceptors: [this.around, ...interceptors, this.around.worker],
    };
    this.engine = new Engine(all, this.clock, () => MIDDLE);
    this.recorder = new Recorder(this.engine, this.clock);
    this.skipper = new TimeSkipper(this.engine, this.clock, stuckAfterMs);
    this.autoSkipper = autoSkip ? this.skipper : undefined;
    limitAttempts(this.engine, maxAttempts);
    if (autoSkip) {
      this.clock.whenTimerSet(nudge);
      for (const name of ['attemptFailed', 'attemptSettled', 'completed', 'failed'] as const) {
        this.engine.events.watch(name, nudge);
      }
    }
  }

  /** Starts an activity, under `semantics: 'temporal'` as a client of Temporal would. */
  start<Result, Details>(
    fn: AnyFunction,
    call: CallOptions | undefined,
  ): ActivityHandle<Result, Details> {
    if (!this.#temporal || call?.signal?.aborted === true) return this.#start(fn, call);
    const { signal, ...others } = callThroughJson(call);
    // The signal of a caller who joins an open activity only ends that caller's wait, as always.
    const joins = this.engine.executions().some((one) => one.activityId === call?.activityId);
    return joins ? this.#start(fn, { ...others, signal }) : this.#start(fn, others, signal);
  }

  #start<Result, Details>(
    fn: AnyFunction,
    call: CallOptions | undefined,
    signal?: AbortSignal,
  ): ActivityHandle<Result, Details> {
    const started = this.engine.start(fn, call, (one) => this.around.prepare(one));
    const execution = executionOf(started);
    if (signal !== undefined) cancelWith(signal, execution);
    return new TestHandle<Result, Details>(execution, started.result, this.autoSkipper);
  }

  /** @throws ActivityNotFoundError */
  handleOf<Result, Details>(activityId: string): ActivityHandle<Result, Details> {
    const execution = this.engine.find(activityId);
    return new TestHandle(execution, execution.result, this.autoSkipper);
  }

  /** Moves time on like a blocked event loop. */
  block(blockedMs: number): void {
    this.clock.block(blockedMs);
    this.recorder.recording.note({ at: this.clock.wallNow(), event: 'blocked', blockedMs });
  }

  /**
   * Activities that start from now on begin with this attempt and find these details.
   *
   * @throws TypeError for a bad attempt number
   * @throws HeartbeatDetailsError
   */
  startFrom(details: unknown, attempt = 2): void {
    if (!Number.isInteger(attempt) || attempt < 1) {
      throw badOption('setHeartbeatDetails attempt', attempt, 'a whole number above 0');
    }
    const snapshot = details === undefined ? undefined : this.#codec.snapshot(details, () => {});
    this.around.startFrom(snapshot, attempt);
  }
}

/** The outermost interceptor: what the environment does around each attempt and each heartbeat. */
import { ApplicationFailure, type CancelledFailure } from '../kernel/failures.js';
import { ensureError } from '../kernel/thrown.js';
import { isThenable, settleQuietly } from '../kernel/promises.js';
import type { Attempt } from '../runtime/attempt/attempt.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { conclude } from '../runtime/activity/endings.js';
import { pause as pauseActivity } from '../runtime/activity/pausing.js';
import { cancel } from '../runtime/activity/stopping.js';
import type { Engine } from '../runtime/engine.js';
import type { Execution } from '../runtime/activity/execution.js';
import type { ActivityInterceptor, ExecuteInput } from '../runtime/context/interceptors.js';
import { macrotask } from './macrotask.js';
import type { Attempting, AttemptRecord, Recorder } from './recorder.js';
import type { Steering } from './steering.js';
import { argsThroughJson, throughJson } from './temporal-client.js';
import { WorkerThrottle } from './temporal-worker.js';
import type { VirtualClock } from './virtual-clock.js';

/** What the environment shares with its interceptor. */
interface Surroundings {
  readonly clock: VirtualClock;
  readonly steering: Steering;
  readonly temporal: boolean;
  /** A function, because the engine is made after the interceptor that it is given. */
  readonly engine: () => Engine;
  readonly recorder: () => Recorder;
  /** Called when time may skip from now on, although no event and no timer shows it. */
  readonly nudge: () => void;
}

/** What the environment knows about a running attempt. */
interface AttemptState {
  readonly execution: Execution;
  readonly attempt: Attempt | undefined;
  readonly record: Attempting;
  readonly worker: WorkerThrottle | undefined;
  /** What happens to the heartbeats of the attempt, once they no longer count. */
  silenced: 'ignored' | { readonly crash: unknown } | undefined;
}

/** Copies details the way they are copied for the next attempt. */
function copyOf(details: unknown, { services: { codec } }: Execution): unknown {
  if (details === undefined) return undefined;
  try {
    return codec.copy(codec.snapshot(details, () => {}));
  } catch {
    return details; // the heartbeat itself refuses them
  }
}

/** The error of an attempt that crashed: what its function throws afterwards does not count. */
function crashed({ silenced, attempt }: AttemptState): CancelledFailure | undefined {
  return typeof silenced === 'object' ? attempt?.interruption.reason : undefined;
}

/** Pauses the activity, unless its function should already stop for another reason. */
function pause(execution: Execution): void {
  const { cancel: cancels, reset } = execution.state.attempt?.requests ?? {};
  if (cancels === undefined && reset === undefined) pauseActivity(execution);
}

export class AroundAttempts implements ActivityInterceptor {
  readonly listeners: ((details: unknown, attempt: AttemptRecord) => unknown)[] = [];
  /** With `semantics: 'temporal'`, the `heartbeatThrottleInterval` of each activity, as given. */
  readonly #throttles = new WeakMap<Execution, number | undefined>();
  #before: { readonly details: unknown; readonly attempt: number } | undefined;
  readonly #surroundings: Surroundings;
  readonly #states = new WeakMap<ActivityContext, AttemptState>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  // ── Before the first attempt ─────────────────────────────────────────────────────────────────

  /** Activities that start from now on begin with this attempt and find these details. */
  startFrom(details: unknown, attempt: number): void {
    this.#before = { details, attempt };
  }

  prepare(execution: Execution): void {
    execution.caller.expectNobody();
    let { options } = execution;
    if (this.#surroundings.temporal) {
      this.#throttles.set(execution, options.heartbeatThrottleIntervalMs);
      // The worker's throttle has already been applied.
      options = {
        ...options,
        heartbeatThrottleIntervalMs: 0,
        cancellationDelivery: 'heartbeat-only',
      };
    }
    const { details, attempt = 1 } = this.#before ?? {};
    execution.state.prepare(options, attempt - 1);
    if (details !== undefined) {
      execution.checkpoint.adopt(copyOf(details, execution) as NonNullable<Execution['details']>);
    }
  }

  // ── Around each attempt ──────────────────────────────────────────────────────────────────────

  readonly execute = (input: ExecuteInput, next: (input: ExecuteInput) => unknown): unknown => {
    const { temporal, engine, recorder } = this.#surroundings;
    const { context } = input;
    const { activityId, activityType, attempt } = context.info;
    const execution = engine().find(activityId);
    const { attempt: running } = execution.state;
    const record = recorder().begin({
      activityId,
      activityType,
      attempt,
      heartbeatDetails: copyOf(context.heartbeatDetails, execution),
    });
    const worker =
      temporal && running !== undefined
        ? new WorkerThrottle(execution, running, this.#throttles.get(execution))
        : undefined;
    const state: AttemptState = {
      execution,
      attempt: running,
      record,
      worker,
      silenced: undefined,
    };
    this.#states.set(context, state);
    const args = temporal ? argsThroughJson(input.args) : input.args;
    try {
      const returned = next({ context, args });
      if (isThenable(returned)) return this.#settle(state, Promise.resolve(returned));
      if (state.silenced === undefined) return this.#result(state, returned);
      return this.#settle(state, Promise.resolve(returned));
    } catch (error) {
      if (state.silenced !== undefined) return this.#settle(state, Promise.reject(error));
      state.worker?.flush(); // before the worker reports the failure
      throw error;
    }
  };

  async #settle(state: AttemptState, outcome: Promise<unknown>): Promise<unknown> {
    try {
      const result = await outcome;
      await this.#hang(state);
      return this.#result(state, result);
    } catch (error) {
      await this.#hang(state);
      state.worker?.flush(); // before the worker reports the failure
      throw crashed(state) ?? error;
    } finally {
      void macrotask().then(() => this.#surroundings.nudge());
    }
  }

  /** Keeps a function that `timeoutOnHeartbeat` stopped from settling before its timeout. */
  async #hang({ silenced, record }: AttemptState): Promise<void> {
    while (silenced === 'ignored' && record.outcome === 'RUNNING') await macrotask();
  }

  #result({ worker }: AttemptState, result: unknown): unknown {
    worker?.drop();
    return this.#surroundings.temporal ? throughJson(result) : result;
  }

  // ── Around each heartbeat ────────────────────────────────────────────────────────────────────

  readonly heartbeat = (
    details: unknown,
    next: (details: unknown) => void,
    context: ActivityContext,
  ): void => {
    const { clock, steering, engine, recorder, nudge } = this.#surroundings;
    nudge(); // `ctx.watch` waits after a heartbeat, and sets no timer for each wait
    const state = this.#states.get(context);
    if (state === undefined) return;
    const { execution, attempt, record, silenced } = state;
    if (silenced === 'ignored') return;
    if (silenced !== undefined) throw silenced.crash;
    if (attempt?.ended !== false) {
      next(details); // only interceptors see it, as in production
      return;
    }
    const step = steering.next();
    if (step?.do === 'cancel') cancel(execution, undefined, false);
    if (step?.do === 'pause') pause(execution);
    const beat = { at: clock.now(), details: copyOf(details, execution) };
    recorder().beat(record, beat);
    for (const listener of this.listeners) {
      settleQuietly(listener(copyOf(beat.details, execution), record), (error) => {
        context.log.error('A listener of onHeartbeat failed', { error });
      });
    }

    next(details);

    if (step?.do === 'shutdown') void engine().shutdown();
    if (step?.do === 'timeout') this.#timeOut(state);
    if (step?.do === 'crash') {
      state.silenced = { crash: step.error };
      const cause = ensureError(step.error);
      const retryState = 'NON_RETRYABLE_FAILURE';
      conclude(execution, { again: false, status: 'FAILED', cause, retryState });
    }
    if (step?.do === 'crash' || step?.do === 'fail') throw step.error;
  };

  /** The innermost interceptor: on a worker, the throttle comes after all interceptors. */
  readonly worker: ActivityInterceptor = {
    heartbeat: (details, next, context) => {
      const worker = this.#states.get(context)?.worker;
      if (worker === undefined) next(details);
      else worker.heartbeat(details, next);
    },
  };

  #timeOut(state: AttemptState): void {
    const { options } = state.execution;
    if (options.heartbeatTimeoutMs === 0 && options.startToCloseTimeoutMs === 0) {
      throw ApplicationFailure.nonRetryable(
        'timeoutOnHeartbeat: the activity needs heartbeatTimeout or startToCloseTimeout',
      );
    }
    state.silenced = 'ignored';
    state.worker?.drop();
    void this.#jump(state.record);
  }

  /** Moves time to the timeout of the attempt, whatever else is still in progress. */
  async #jump(record: Attempting): Promise<void> {
    const { clock } = this.#surroundings;
    await macrotask();
    while (record.outcome === 'RUNNING' && clock.fireNext()) await macrotask();
  }
}

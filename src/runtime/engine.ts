/** The inside of a runtime. It reads options and connects activities to the services they share. */
import { badInput, badOption, show } from '../kernel/bad-input.js';
import type { Clock } from '../kernel/clock.js';
import { Deadlines } from '../kernel/deadlines.js';
import { Events } from '../kernel/events.js';
import { ActivityNotFoundError, RuntimeFullError, RuntimeShutdownError } from '../kernel/errors.js';
import { DetailsCodec } from '../heartbeat/details/codec.js';
import { lengthenStacks, restoreStacks } from '../kernel/stack.js';
import { checkStackRoom } from '../kernel/stack-room.js';
import { safeLog } from '../kernel/logger.js';
import { Deferred } from '../kernel/promises.js';
import { typeOf } from './activity/activity.js';
import type { AnyFunction } from './attempt/owner.js';
import { Completion } from './completion.js';
import { describe, type ActivityDescription } from './description.js';
import { Execution } from './activity/execution.js';
import { cancel } from './activity/stopping.js';
import type { AttachedRuntime, RuntimeStats } from './context/attached.js';
import { compose, runIn } from './context/interceptors.js';
import type { CallOptions } from './options/activity-options.js';
import { activityIdOf, argsOf, signalOf } from './options/resolve.js';
import { OptionsReader } from './options/read.js';
import type { ResolvedOptions } from './options/table.js';
import { join, type Started } from './joining.js';
import { GeneratedIds } from './shared/ids.js';
import { ledgerOf, type Recovered, type RecoverOptions } from './shared/ledger.js';
import { Registry, type Roster } from './shared/registry.js';
import { checkRuntimeOptions } from './options/check-runtime.js';
import type { RuntimeOptions } from './options/runtime-options.js';
import { Slots } from './shared/slots.js';
import type { Services } from './shared/services.js';
import { ShutdownState } from './shared/shutdown-state.js';
import {
  resolveShutdown,
  shutDown,
  type ResolvedShutdown,
  type ShutdownOptions,
  type ShutdownResult,
} from './shutdown.js';
import { OutsideSignals } from './shared/signals.js';

/** The number of nested starts from which the stack is checked, because so many are unusual. */
const DEEP = 10;

export class Engine {
  readonly events: Events;
  readonly completion: Completion;
  readonly #services: Services;
  readonly #options: OptionsReader;
  readonly #maxWaiting: number;
  readonly #roster: Roster<Execution> = {
    open: new Registry(),
    closedButRunning: new Map(),
    untold: new Map(),
  };
  /** The number of nested starts in progress. */
  #starting = 0;
  #shutdown: Promise<ShutdownResult> | undefined;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: RuntimeOptions = {}, clock: Clock, random: () => number) {
    checkRuntimeOptions(options);
    const log = safeLog(options.logger);
    // Everything that is due at one moment competes for slots before anything begins.
    const deadlines = new Deadlines(clock, (round) => slots.holdWhile(round));
    const limits = {
      slots: options.maxConcurrentActivities ?? Infinity,
      slotsPerKey: options.maxConcurrentPerKey ?? Infinity,
      startsPerSecond: options.maxActivitiesPerSecond ?? Infinity,
    };
    this.events = new Events(log);
    this.#options = new OptionsReader(options.defaults);
    this.#maxWaiting = options.maxWaiting ?? Infinity;
    const slots = new Slots(limits, clock, deadlines);
    const { interceptors = [] } = options;
    const attached: AttachedRuntime = {
      on: (name, listener) => this.events.watch(name, listener),
      stats: () => this.stats(),
    };
    const ledger = ledgerOf(options.store, {
      services: () => this.#services,
      start: (fn, call, prepare) => this.start(fn, call, prepare as never),
    });
    this.#services = {
      clock,
      deadlines,
      slots,
      events: this.events,
      signals: new OutsideSignals((change) => slots.holdWhile(change)),
      codec: new DetailsCodec(options.serializer, options.maxHeartbeatDetailsBytes),
      store: ledger ?? options.store,
      writers: new Map(),
      ledger,
      interceptors: compose(interceptors.map((one) => one.attach?.(attached) ?? one)),
      shutdown: new ShutdownState(),
      ids: new GeneratedIds(),
      tokens: new Map(),
      log,
      random,
    };
    this.completion = new Completion(this.#services.tokens);
  }

  /**
   * Starts an activity, or joins the open one with the same id.
   *
   * @param prepare called with a new activity before it is scheduled
   * @throws TypeError, ActivityAlreadyStartedError, RuntimeFullError or RuntimeShutdownError before
   * anything is scheduled
   */
  start(
    fn: AnyFunction,
    call: CallOptions | undefined,
    prepare?: (execution: Execution) => void,
  ): Started {
    // Activities that start each other in one turn may overflow the stack, but not halfway.
    if (this.#starting > DEEP) checkStackRoom();
    if (typeof fn !== 'function') {
      throw badOption('the activity', fn, 'a function such as async (ctx, ...args) => { ... }');
    }
    const options = this.#options.read(call);
    const activityId = activityIdOf(call);
    const signal = signalOf(call);
    const args = argsOf(call);
    const services = this.#capture(fn, options, activityId);
    if (this.#services.shutdown.begun) {
      throw new RuntimeShutdownError('This runtime is shutting down; use a new one');
    }
    const open = activityId === undefined ? undefined : this.#find(activityId);
    if (open !== undefined) return join(open, { fn, options, signal }, this.#services.signals);
    const execution = new Execution(services, this.#roster, fn, args, options, activityId);
    prepare?.(execution);
    if (signal?.aborted === true) {
      execution.closeUnscheduled(signal.reason);
      return execution;
    }
    const { ledger } = services;
    if (this.#isFull(execution) && ledger?.recovers(execution) !== true) {
      throw new RuntimeFullError(
        `The queue is full (maxWaiting: ${this.#maxWaiting}); try again later`,
      );
    }
    if (activityId !== undefined) ledger?.enter(execution, call);
    if (signal !== undefined) {
      const abort = (reason: unknown): void => cancel(execution, reason, true);
      execution.onClosed(this.#services.signals.follow(signal, abort));
    }
    const limit = this.#starting++ === 0 ? lengthenStacks() : undefined;
    try {
      execution.schedule();
    } finally {
      this.#starting--;
      restoreStacks(limit);
    }
    return execution;
  }

  /** Runs the user's code: before every check whose answer that could change. */
  #capture(fn: AnyFunction, options: ResolvedOptions, activityId: string | undefined): Services {
    const services = this.#services;
    const { interceptors } = services;
    if (interceptors.capture === undefined) return services;
    if (activityId !== undefined && this.#find(activityId) !== undefined) return services;
    const info = { activityId, activityType: typeOf(fn, options) };
    return { ...services, interceptors: runIn(interceptors.capture(info), interceptors) };
  }

  /** Whether the queue is full. Activities whose store is being read are ahead of a new one. */
  #isFull(execution: Execution): boolean {
    if (this.#maxWaiting === Infinity || execution.options.startDelayMs > 0) return false;
    const { slots, clock } = this.#services;
    const now = clock.now();
    const { loading, waiting } = this.#roster.open;
    const free = slots.free(now);
    const isNext = execution.place === undefined || waiting === 0;
    const begins = loading < free && slots.isFree(execution, now) && isNext;
    return waiting + Math.max(0, loading - free) >= this.#maxWaiting && !begins;
  }

  /** @throws ActivityNotFoundError if no open activity has that id */
  find(activityId: string): Execution {
    const execution = this.#find(activityId);
    if (execution !== undefined) return execution;
    const message = `No activity ${show(activityId)} is open; it has closed, or the id is wrong`;
    throw new ActivityNotFoundError(message, { activityId });
  }

  /** The open activities, in the order they were scheduled. */
  executions(): Execution[] {
    return this.#roster.open.all();
  }

  #find(activityId: string): Execution | undefined {
    return this.#roster.open.find(activityId);
  }

  list(): ActivityDescription[] {
    return this.executions().map((execution) => describe(execution));
  }

  stats(): RuntimeStats {
    const { open, running, waiting, paused, scheduled, oldestWaiter } = this.#roster.open;
    const { clock, slots } = this.#services;
    const { held, available } = slots;
    return {
      open,
      running,
      waiting,
      paused,
      delayed: scheduled,
      slotsUsed: held,
      slotsAvailable: available,
      oldestWaitMs: oldestWaiter ? clock.now() - oldestWaiter.state.waitingSince : 0,
    };
  }

  idle(): Promise<void> {
    return this.#roster.open.idle();
  }

  /** @throws TypeError without a ledger */
  recover(activities: object, options: RecoverOptions = {}): Promise<Recovered<Execution>> {
    const { ledger } = this.#services;
    if (ledger === undefined) {
      throw badInput(
        "recover: the runtime's store keeps no ledger; expected sqliteStore(path) or fileStore(folder)",
      );
    }
    return ledger.recover(activities, options) as Promise<Recovered<Execution>>;
  }

  /** @throws TypeError for a bad option, before anything happens */
  shutdown(options: ShutdownOptions = {}): Promise<ShutdownResult> {
    return this.#shutdown ?? this.#shutDown(resolveShutdown(options));
  }

  #shutDown(options: ResolvedShutdown): Promise<ShutdownResult> {
    // A listener of shutdownSignal may call shutdown too, and gets this same promise.
    const done = new Deferred<ShutdownResult>();
    try {
      this.#shutdown = done.promise;
      this.#services.shutdown.begin();
      done.resolve(shutDown(options, this.#roster, this.#services));
    } catch (refused) {
      done.reject(refused);
    }
    return done.promise;
  }
}

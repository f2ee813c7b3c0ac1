/** The real engine beside the model: both get the same input and are then compared. */
import { getEventListeners } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { ActivityFailure, TimeoutFailure } from 'systole';
import type { AnyFunction } from '../../src/runtime/attempt/owner.js';
import type { CallOptions } from '../../src/runtime/options/activity-options.js';
import type { Execution } from '../../src/runtime/activity/execution.js';
import { ActivityHandle } from '../../src/runtime/handle.js';
import { executionOf } from '../../src/runtime/joining.js';
import type { ShutdownOptions, ShutdownResult } from '../../src/runtime/shutdown.js';
import {
  ControlModel,
  GRID_MS,
  type ModelActivity,
  type ModelAttempt,
  type ModelOptions,
  type Refusal,
  type Settling,
} from './control-model.js';
import { EVENT_NAMES } from '../../src/kernel/events.js';
import { Harness, type Outcome } from './harness.js';
import { Puppet, type Manner } from './puppets.js';
import { VirtualClock } from './virtual-clock.js';

export interface StageOptions {
  readonly slots: number;
  readonly slotsPerKey: number;
  /** Without listeners, no events are made, and no ids or descriptions are read. */
  readonly watched: boolean;
}

/** One activity, in the engine and in the model. */
export interface Pair {
  /** By its caller. */
  readonly named: boolean;
  readonly model: ModelActivity;
  readonly handle: ActivityHandle;
  readonly execution: Execution;
  readonly result: { outcome: Outcome<unknown> };
  readonly settled: { outcome: Outcome<void> };
}

/** An attempt, in the engine and in the model. */
export interface Played {
  readonly pair: Pair;
  readonly puppet: Puppet;
  /** The details of earlier attempts that its context had. */
  readonly details: unknown;
  /** Set when the model knows of it. */
  attempt: ModelAttempt | undefined;
}

/** What the engine has done by itself and the model does not know yet. */
type News = { readonly begun: Played } | { readonly settled: Played; readonly how: Settling };

export const SIGNALS = 2;

/** `expect` is for the message: it would take most of the time of a run. */
function agree(real: unknown, model: unknown, what: string): void {
  if (!isDeepStrictEqual(real, model)) expect(real, what).toStrictEqual(model);
}

export class Stage {
  readonly harness: Harness;
  readonly model: ControlModel;
  readonly pairs: Pair[] = [];
  /** The activities that may still change. */
  #lively: Pair[] = [];
  /** The functions that have not settled. */
  played: Played[] = [];
  readonly controllers = Array.from({ length: SIGNALS }, () => new AbortController());
  readonly #options: StageOptions;
  readonly #heard = new Map<string, string[]>();
  readonly #lastPlayed = new Map<ModelActivity, Played>();
  #later: { readonly watched: { outcome: Outcome<void> }; readonly refusal: Refusal }[] = [];
  #news: News[] = [];
  #details = 0;
  #shutdown: { outcome: Outcome<ShutdownResult> } | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
    this.harness = new Harness(
      { maxConcurrentActivities: options.slots, maxConcurrentPerKey: options.slotsPerKey },
      false,
    );
    this.model = new ControlModel(options.slots, options.slotsPerKey);
    if (options.watched) this.#listen();
  }

  #listen(): void {
    for (const name of EVENT_NAMES) {
      this.harness.engine.events.add(
        name,
        (event) => {
          if (name === 'heartbeat') return;
          const status = 'status' in event ? `${name} ${event.status}` : name;
          const heard = this.#heard.get(event.activityId) ?? [];
          heard.push(`${status} ${event.attempt}`);
          this.#heard.set(event.activityId, heard);
        },
        false,
      );
    }
  }

  nextDetails(): number {
    return ++this.#details;
  }

  // ── Telling both ─────────────────────────────────────────────────────────────────────────────

  start(options: ModelOptions, call: CallOptions, manner: Manner): void {
    const signal = options.signal === undefined ? undefined : this.controllers[options.signal]!;
    let started = undefined as Pair | undefined;
    const early: ((pair: Pair) => void)[] = [];
    /** The first attempt may begin before the call returns. */
    const withPair = (act: (pair: Pair) => void): void => {
      if (started === undefined) early.push(act);
      else act(started);
    };
    const work: AnyFunction = (ctx) => {
      const puppet: Puppet = new Puppet(ctx, (how) => {
        withPair(() => this.#news.push({ settled: this.#playing(puppet), how }));
      });
      const details = ctx.heartbeatDetails;
      withPair((pair) => {
        const played = { pair, puppet, details, attempt: undefined };
        this.played.push(played);
        this.#lastPlayed.set(pair.model, played);
        this.#news.push({ begun: played });
      });
      return puppet.act(manner);
    };
    const begun = this.harness.engine.start(work, call);
    const execution = executionOf(begun);
    const handle = new ActivityHandle(execution, begun.result);
    const pair = {
      named: call.activityId !== undefined,
      model: this.model.schedule(options, signal?.signal.aborted === true),
      handle,
      execution,
      result: this.harness.watch(handle.result()),
      settled: this.harness.watch(handle.settled()),
    };
    this.pairs.push(pair);
    this.#lively.push(pair);
    started = pair;
    for (const each of early) each(pair);
    // A free slot is taken before the call returns.
    this.#hearOfBegun();
    agree(this.model.mayBegin(pair.model), false, 'waits although a slot is free');
  }

  #playing(puppet: Puppet): Played {
    return this.played.find((each) => each.puppet === puppet)!;
  }

  /** A start that should be refused. */
  refuse(call: CallOptions, refusal: string): void {
    expect(() => this.harness.engine.start(() => 'refused', call)).toThrow(
      expect.objectContaining({ name: refusal }),
    );
  }

  /** The function of the last attempt of an activity. */
  lastOf({ model }: Pair): Played | undefined {
    return this.#lastPlayed.get(model);
  }

  /** An operation that the state may refuse. */
  try(real: () => void, model: () => Refusal): void {
    let thrown: string | undefined;
    try {
      real();
    } catch (error) {
      thrown = (error as Error).name;
    }
    agree(thrown, model(), 'refused');
    this.#hearOfBegun();
  }

  /** The same for an operation that returns a promise. */
  tryLater(real: Promise<void>, refusal: Refusal): void {
    this.#later.push({ refusal, watched: this.harness.watch(real) });
  }

  shutDown(options: ShutdownOptions): void {
    this.#shutdown = this.harness.watch(this.harness.engine.shutdown(options));
  }

  // ── Time ─────────────────────────────────────────────────────────────────────────────────────

  /** Lets promises settle and due deadlines be handled. */
  async settle(): Promise<void> {
    for (let round = 0; ; round++) {
      agree(round < 20, true, 'comes to rest');
      await this.harness.turn();
      const promised = this.#hear();
      const due = this.model.nextDue <= this.model.now;
      this.#tick();
      await this.harness.advance(0);
      if (!this.#hear() && !promised && !due) break;
    }
    this.#checkSettled();
  }

  /** Moves time on, from one deadline to the next. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const until = Math.ceil((this.model.now + ms) / GRID_MS) * GRID_MS;
    while (this.model.now < until) {
      const next = Math.min(this.model.nextDue, until);
      await this.harness.advance(next - this.model.now);
      this.model.now = next;
      this.#tick();
      this.#hear();
      await this.settle();
    }
  }

  #tick(): void {
    const begun = new Set(this.#news.map((news) => ('begun' in news ? news.begun.pair.model : 0)));
    this.model.tick(this.harness.clock.now(), (activity) => begun.has(activity));
  }

  /** Tells the model what the engine has done. Returns true if there was anything. */
  #hear(): boolean {
    const all = this.#news;
    this.#news = [];
    for (const news of all) {
      if ('begun' in news) this.#hearBegun(news.begun);
      else {
        this.model.settled(news.settled.attempt!, news.how);
        this.played = this.played.filter((each) => each !== news.settled);
      }
    }
    return all.length > 0;
  }

  /** Only that: how functions have settled the engine does not know before promises have. */
  #hearOfBegun(): void {
    for (const news of this.#news) if ('begun' in news) this.#hearBegun(news.begun);
    this.#news = this.#news.filter((news) => 'settled' in news);
  }

  /** A slot that comes free in the very instant of a limit finds that the limit has passed. */
  #enforceLimits(): void {
    for (const { model, execution } of this.#lively) {
      const late = model.phase === 'WAITING' && execution.state.closedAs === 'TIMED_OUT';
      if (late) this.model.enforceLimits(model);
    }
  }

  #hearBegun(played: Played): void {
    const { pair, puppet, details } = played;
    const { model } = pair;
    this.#enforceLimits();
    agree(this.model.mayBegin(model), true, 'may begin');
    this.#checkTurn(model);
    played.attempt = this.model.began(model);
    agree(puppet.ctx.info.attempt, model.number, 'number of the attempt');
    agree(details, model.details, 'details of the attempts before');
  }

  /**
   * A slot goes to the activity that it was kept for; else nobody is passed by who has a better
   * priority, or the same one and waits longer.
   */
  #checkTurn(model: ModelActivity): void {
    if (model.kept) return;
    const { options, queuedAt } = model;
    for (const other of this.model.open) {
      if (other === model || other.phase !== 'WAITING' || other.options.key !== undefined) continue;
      const { priority } = other.options;
      const longer = priority === options.priority && other.queuedAt < queuedAt;
      const passed = other.kept || priority < options.priority || longer;
      agree(passed, false, 'an activity that should begin earlier is passed by');
    }
  }

  // ── Comparing ────────────────────────────────────────────────────────────────────────────────

  /** Checks what must be true after every call, before any promise has settled. */
  check(): void {
    this.#hearOfBegun();
    this.#enforceLimits();
    const { model } = this;
    const paused = model.open.filter(({ phase }) => phase === 'PAUSED').length;
    const running = model.open.filter(({ phase }) => phase === 'RUNNING').length;
    const waits = model.open.filter(({ phase }) => phase === 'WAITING');
    const waiting = waits.length;
    const delayed = model.open.length - running - paused - waiting;
    const { oldestWaitMs, ...counts } = this.harness.engine.stats();
    const slotsUsed = model.held();
    const slotsAvailable = model.slots - slotsUsed;
    agree(
      counts,
      {
        open: model.open.length,
        running,
        paused,
        waiting,
        delayed,
        slotsUsed,
        slotsAvailable,
      },
      'stats()',
    );
    agree(oldestWaitMs === 0 || waiting > 0, true, 'only what waits has waited');
    for (const one of waits) agree(model.mayBegin(one), false, 'waits although a slot is free');
    agree(this.#services()?.slots.held ?? 0, model.held(), 'slots held');
    agree(model.held() <= this.#options.slots, true, 'slots held are no more than there are');
    for (const key of ['a', 'b']) {
      agree(model.held(key) <= this.#options.slotsPerKey, true, 'nor than their key has');
    }
    for (const pair of this.#lively) this.#checkPair(pair);
    for (const { attempt, puppet } of this.played) agree(puppet.told, attempt?.told, 'told');
    for (const [index, { signal }] of this.controllers.entries()) {
      const followed = model.open.some(({ options }) => options.signal === index);
      const listeners = followed && !signal.aborted ? 1 : 0;
      agree(getEventListeners(signal, 'abort').length, listeners, 'listeners on a signal');
    }
  }

  #services(): Execution['services'] | undefined {
    return this.pairs[0]?.execution.services;
  }

  #checkPair({ model, handle, execution }: Pair): void {
    agree(execution.state.closedAs, model.status, 'how it has ended');
    if (!this.#options.watched) return;
    agree(this.#heard.get(handle.activityId) ?? [], model.heard, 'events');
    const described = handle.describe();
    const delayed = model.phase === 'SCHEDULED' && model.at > this.model.now;
    agree(
      {
        status: described.status,
        runState: described.runState,
        attempt: described.attempt,
        details: described.heartbeatDetails,
        abandoned: described.abandonedAttempts,
        next: delayed ? described.nextAttemptScheduleTime?.getTime() : undefined,
      },
      {
        status: model.describedStatus,
        runState: model.runState,
        attempt: model.describedAttempt,
        details: model.details,
        abandoned: model.abandoned,
        next: delayed ? VirtualClock.EPOCH + model.at : undefined,
      },
      'describe()',
    );
  }

  /** Checks what must also be true when every promise has settled and nothing is due. */
  #checkSettled(): void {
    this.check();
    for (const pair of this.#lively) this.#checkOutcome(pair);
    // Of what is over nothing changes any more, but the end of the story is checked for all.
    this.#lively = this.#lively.filter((pair) => pair.settled.outcome.state === 'pending');
    for (const { watched, refusal } of this.#later) {
      const { outcome } = watched;
      const name = outcome.state === 'rejected' ? (outcome.error as Error).name : outcome.state;
      agree(name, refusal ?? 'resolved', 'refused');
    }
    this.#later = [];
    this.#checkShutdown();
  }

  #checkOutcome({ model, result, settled }: Pair): void {
    agree(shown(result.outcome), model.caller ?? { state: 'pending' }, 'result()');
    const over = !model.open && model.functions === 0;
    agree(settled.outcome.state, over ? 'resolved' : 'pending', 'settled()');
  }

  #checkShutdown(): void {
    const { shutdown } = this.model;
    if (shutdown === undefined || this.#shutdown === undefined) return;
    const { outcome } = this.#shutdown;
    agree(outcome.state, shutdown.over ? 'resolved' : 'pending', 'shutdown()');
    if (outcome.state !== 'resolved') return;
    const left = this.pairs.filter(({ model }) => shutdown.left.includes(model));
    const ids = left.map(({ handle }) => handle.activityId);
    agree([...outcome.value.abandonedActivityIds].sort(), ids.sort(), 'abandonedActivityIds');
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────

  /** Ends everything that is open and lets every function settle. */
  async finish(): Promise<void> {
    const { model, harness } = this;
    if (model.shutdown !== undefined) {
      for (const { handle, model: each } of this.pairs) {
        if (each.open)
          this.try(
            () => handle.terminate('enough'),
            () => model.terminate(each),
          );
      }
    }
    for (let round = 0; model.open.length > 0; round++) {
      agree(round < 1_000, true, 'comes to an end');
      for (const { handle, model: each } of this.pairs) {
        if (each.phase === 'PAUSED')
          this.try(
            () => handle.unpause(),
            () => model.unpause(each),
          );
        if (each.attempt?.leftOpen === true) {
          this.try(
            () => handle.complete('left'),
            () => model.complete(each),
          );
        }
      }
      if (round > 3) {
        for (const { handle, model: each } of this.pairs) {
          if (each.open)
            this.try(
              () => handle.terminate('enough'),
              () => model.terminate(each),
            );
        }
      }
      this.#settleAll();
      await this.settle();
      const next = model.nextDue;
      if (next < Infinity) await this.advance(Math.max(0, next - model.now));
    }
    this.#settleAll();
    await this.settle();
    this.#lively = this.pairs;
    await this.settle();
    const idle = harness.watch(harness.engine.idle());
    // An idle runtime has cleared its timer after 50 ms.
    await harness.advance(50);
    agree(harness.clock.pending, 0, 'timers');
    agree(idle.outcome.state, 'resolved', 'idle()');
    const { slotsAvailable, ...counts } = harness.engine.stats();
    agree(slotsAvailable, this.#options.slots, 'free slots');
    agree(Object.values(counts), [0, 0, 0, 0, 0, 0, 0], 'stats()');
    agree(this.#services()?.tokens.size ?? 0, 0, 'tokens');
  }

  #settleAll(): void {
    for (const { puppet } of this.played) puppet.settle('return');
  }
}

/** An outcome in the form of the model. */
function shown(outcome: Outcome<unknown>): unknown {
  if (outcome.state !== 'rejected') return { state: outcome.state };
  expect(outcome.error).toBeInstanceOf(ActivityFailure);
  const { cause, attempt, retryState } = outcome.error as ActivityFailure;
  const said = cause instanceof TimeoutFailure ? cause.timeoutType : (cause as Error).message;
  return { state: 'rejected', cause: said, attempt, retryState };
}

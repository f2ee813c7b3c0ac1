/**
 * One fault at one moment, with the activity that it happens to, another one beside it, and the
 * checks.
 */
import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import {
  CancelledFailure,
  type ActivityContext,
  type ActivityOptions,
  type RuntimeOptions,
} from '../../src/index.js';
import { EVENT_NAMES } from '../../src/kernel/events.js';
import type { ActivityHandle } from '../../src/runtime/handle.js';
import { Harness, type Outcome } from '../support/harness.js';

type Details = number;

/** One call of the function. It acts when the test says so. */
export interface Call {
  readonly ctx: ActivityContext<Details>;
  resolve(this: void, result: string): void;
  reject(this: void, error: unknown): void;
}

/** The conditions of a fault or a moment. */
export interface Setting {
  readonly runtime?: RuntimeOptions | undefined;
  readonly call?: ActivityOptions | undefined;
}

export interface Fault {
  readonly setting?: (() => Setting) | undefined;
  /** Before the activity starts. */
  readonly prepare?: ((cell: Cell) => void) | undefined;
  /** At the moment. */
  readonly strike?: ((cell: Cell) => unknown) | undefined;
}

export interface Moment {
  readonly setting?: Setting | undefined;
  reach(cell: Cell): unknown;
}

const SUBJECT: ActivityOptions = {
  activityId: 'subject',
  heartbeatTimeout: '10s',
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '1h',
  cancellationDelivery: 'immediate',
  retryPolicy: { initialInterval: '1s', maximumAttempts: 3 },
};

export class Cell {
  readonly h: Harness;
  readonly outside = new AbortController();
  readonly calls: Call[] = [];
  /** What calls do at once from now on; undefined if they wait for the test. */
  behaviour: ((ctx: ActivityContext<Details>) => unknown) | undefined;
  /** Undefined if the call was refused. */
  handle: ActivityHandle<string, Details> | undefined;
  refusal: unknown;
  #blocker: ActivityHandle | undefined;
  readonly #bystander: { readonly outcome: Outcome<string> };
  readonly #fault: Fault;
  readonly #moment: Moment;

  constructor(fault: Fault, moment: Moment) {
    this.#fault = fault;
    this.#moment = moment;
    const { runtime, call } = fault.setting?.() ?? {};
    this.h = new Harness({ maxConcurrentActivities: 2, ...moment.setting?.runtime, ...runtime });
    // It has its own slot, time and details.
    this.#bystander = this.h.watch(
      this.h.run(
        async (ctx: ActivityContext<Details>) => {
          const seen = ctx.heartbeatDetails ?? 0;
          ctx.heartbeat(seen + 1);
          await ctx.sleep('2s');
          if (seen < 2) throw new Error('the bystander retries');
          return `bystander ${seen}`;
        },
        {
          activityType: 'bystander',
          retryPolicy: { initialInterval: '1s', maximumAttempts: 30 },
          startToCloseTimeout: '1 day',
        },
      ),
    );
    fault.prepare?.(this);
    const options = { ...SUBJECT, signal: this.outside.signal, ...moment.setting?.call, ...call };
    this.#start = () => this.h.start((ctx: ActivityContext<Details>) => this.#run(ctx), options);
  }

  readonly #start: () => ActivityHandle<unknown, Details>;

  #run(ctx: ActivityContext<Details>): unknown {
    if (this.behaviour !== undefined) return this.behaviour(ctx);
    return new Promise<string>((resolve, reject) => this.calls.push({ ctx, resolve, reject }));
  }

  start(): void {
    try {
      this.handle = this.#start() as ActivityHandle<string, Details>;
    } catch (error) {
      this.refusal = error;
    }
  }

  /** Takes the second slot, so that the activity waits. */
  block(): void {
    this.#blocker = this.h.start((ctx) => ctx.cancelled, {
      activityType: 'blocker',
      cancellationDelivery: 'immediate',
    });
  }

  /** The current call, if there is one. */
  get running(): Call | undefined {
    return this.calls.at(-1);
  }

  async play(): Promise<void> {
    await this.#moment.reach(this);
    await this.#fault.strike?.(this);
    await this.#finish();
    await this.#check();
  }

  /** Lets everything end: what waits is released, and what hangs settles late. */
  async #finish(): Promise<void> {
    const { h } = this;
    await h.advance(20_000);
    this.#blocker?.cancel();
    if (this.handle?.describe().status === 'PAUSED') this.handle.unpause();
    this.behaviour ??= () => 'late';
    await h.advance(7_200_000);
    this.calls.forEach(({ resolve }) => resolve('late')); // abandoned functions too
    await h.advance(60_000);
    void h.engine.shutdown({ abandonAfter: 0 });
    await h.advance(60_000);
  }

  async #check(): Promise<void> {
    const { h, handle } = this;
    if (handle === undefined) expect(this.refusal).toBeInstanceOf(Error);
    else {
      const result = h.watch(handle.result());
      await h.turn();
      expect(result.outcome.state, 'the caller').not.toBe('pending');
      const ends = [...h.of('completed'), ...h.of('failed')];
      const ofSubject = ends.filter(({ activityId }) => activityId === 'subject');
      expect(ofSubject.length, 'ends').toBeLessThanOrEqual(1);
    }
    if (!this.#stopsAll) {
      expect(this.#bystander.outcome).toMatchObject({ state: 'resolved', value: 'bystander 2' });
    }
    expect(h.engine.stats()).toMatchObject({
      open: 0,
      running: 0,
      waiting: 0,
      paused: 0,
      delayed: 0,
    });
    expect(h.clock.pending, 'timers').toBe(0);
    expect(getEventListeners(this.outside.signal, 'abort'), 'listeners').toEqual([]);
  }

  /** A shutdown should end the bystander too. */
  get #stopsAll(): boolean {
    return this.h
      .of('failed')
      .some(
        (end) =>
          end.failure instanceof CancelledFailure && end.failure.message === 'WORKER_SHUTDOWN',
      );
  }

  /** Calls back at the first event of each name. The callback may cause the next ones. */
  atEvents(listener: () => unknown): void {
    for (const name of EVENT_NAMES) this.h.engine.events.add(name, listener, true);
  }
}

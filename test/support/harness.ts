import type {
  ActivityContext,
  ActivityEventName,
  ActivityEvents,
  RunParameters,
  RuntimeOptions,
} from '../../src/index.js';
import { EVENT_NAMES } from '../../src/kernel/events.js';
import type { AnyFunction } from '../../src/runtime/attempt/owner.js';
import { Engine } from '../../src/runtime/engine.js';
import type { CallOptions } from '../../src/runtime/options/activity-options.js';
import { ActivityHandle, expectNobody } from '../../src/runtime/handle.js';
import { executionOf } from '../../src/runtime/joining.js';
import { turn, VirtualClock } from './virtual-clock.js';

type Recorded = {
  [Name in ActivityEventName]: { readonly name: Name; readonly at: number } & ActivityEvents[Name];
}[ActivityEventName];

interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The current state of a promise. */
export type Outcome<T> =
  | { readonly state: 'pending' }
  | { readonly state: 'resolved'; readonly value: T; readonly at: number }
  | { readonly state: 'rejected'; readonly error: unknown; readonly at: number };

/**
 * The real engine on a virtual clock, with everything it says recorded. Fresh for each test;
 * times in `at` are virtual milliseconds from its making.
 */
export class Harness {
  readonly clock = new VirtualClock();
  readonly events: Recorded[] = [];
  readonly logs: LogLine[] = [];
  readonly engine: Engine;
  /** What `Math.random` would give. */
  random = 0;

  constructor(options: RuntimeOptions = {}, listen = true) {
    const write =
      (level: LogLine['level']) =>
      (message: string, attributes: LogLine['attributes'] = {}): void => {
        this.logs.push({ level, message, attributes });
      };
    const logger = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    };
    this.engine = new Engine({ logger, ...options }, this.clock, () => this.random);
    if (!listen) return;
    for (const name of EVENT_NAMES) {
      this.engine.events.add(
        name,
        (event) => this.events.push({ name, at: this.clock.now(), ...event } as Recorded),
        false,
      );
    }
  }

  /** Like `ActivityRuntime.run`. */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>> {
    try {
      const call = rest[0] as CallOptions | undefined;
      const started = this.engine.start(fn as AnyFunction, call);
      executionOf(started).caller.ask();
      return started.result as Promise<Awaited<R>>;
    } catch (refused) {
      return Promise.reject(refused);
    }
  }

  /** Like `ActivityRuntime.start`. */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandle<Awaited<R>, D> {
    const started = this.engine.start(fn as AnyFunction, rest[0], expectNobody);
    return new ActivityHandle(executionOf(started), started.result);
  }

  /** Follows a promise without failing the test on its rejection. */
  watch<T>(promise: Promise<T>): { outcome: Outcome<T> } {
    const watched: { outcome: Outcome<T> } = { outcome: { state: 'pending' } };
    promise.then(
      (value) => (watched.outcome = { state: 'resolved', value, at: this.clock.now() }),
      (error: unknown) => (watched.outcome = { state: 'rejected', error, at: this.clock.now() }),
    );
    return watched;
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  turn(): Promise<void> {
    return turn();
  }

  /** Work of an activity that takes this long and uses neither its context nor a signal. */
  work(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(resolve, ms));
  }

  /** The recorded events of one name. */
  of<Name extends ActivityEventName>(name: Name): Extract<Recorded, { name: Name }>[] {
    return this.events.filter((event) => event.name === name) as Extract<
      Recorded,
      { name: Name }
    >[];
  }

  /** The names of all events, in order. */
  names(): string[] {
    return this.events.map((event) => event.name);
  }
}

/** A promise that never settles. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** `ctx.watch`: passes on the items of a stream, and fails when none comes in time. */
import { badOption, checkNames, type OptionNames } from '../../kernel/bad-input.js';
import type { Timer } from '../../kernel/clock.js';
import { durationMs } from '../../kernel/duration.js';
import { TimeoutFailure } from '../../kernel/failures.js';
import { Deferred, ignore, whenSettled } from '../../kernel/promises.js';
import { rejectionAtAwait, withoutStack } from '../../kernel/stack.js';
import { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import type { WatchOptions } from './context.js';
import type { ContextSource } from './source.js';
import { read, type Stream } from './stream.js';

/** How long a loop that has left its stream waits for the stream to close. */
const CLOSING_MS = 1_000;

type Result<T> = IteratorResult<T, undefined>;
const END: Result<never> = { done: true, value: undefined };

const NAMES: OptionNames = {
  of: 'ctx.watch',
  example: "{ between: '10s' }",
  known: ['first', 'between', 'details'],
};

/** @throws TypeError for a value that is not a stream, and for bad options */
export function watch<T>(
  stream: Stream<T>,
  options: WatchOptions<T>,
  attempt: ContextSource,
): AsyncIterableIterator<T> {
  checkNames(options, NAMES);
  const { first = 0, between = 0, details } = options;
  if (details !== undefined && typeof details !== 'function') {
    throw badOption('ctx.watch details', details, 'a function');
  }
  const { interruption, timers } = attempt;
  let limitMs = durationMs(first, 'ctx.watch first');
  const betweenMs = durationMs(between, 'ctx.watch between');
  const monitor = new HeartbeatMonitor(limitMs, 0);
  const reading = read(stream);
  let over = false;
  let count = 0;
  let item: T;
  /** The current wait for an item, or for the stream to close. */
  let wait: Deferred<Result<T>> | undefined;
  let stopListening: () => void;
  /** The timer of the watchdog. It stays set between waits, because each new one has its cost. */
  let timer: Pick<Timer, 'clear'> | undefined;

  /** @param onStop called if the attempt ends meanwhile, with the reason if there is one */
  const begin = (onStop: (reason?: Error) => void): Promise<Result<T>> => {
    wait = new Deferred();
    stopListening = interruption.onDelivery(onStop);
    return wait.promise;
  };

  /** Ends the current wait, if there is one. */
  const settle = (result: Result<T> | Promise<never>): void => {
    const settled = wait;
    if (settled === undefined) return;
    wait = undefined;
    stopListening();
    settled.resolve(result);
  };

  const end = (last: Result<T> | Promise<never>): void => {
    over = true;
    timer?.clear();
    settle(last);
  };

  const close = (stuck: boolean): Promise<unknown> =>
    new Promise((resolve) => resolve(reading.close(stuck)));

  /** Ends the loop with an error. The stream closes by itself, and the loop does not wait for it. */
  const fail = (error: Promise<never>): Promise<never> => {
    end(error);
    whenSettled(close(true), ignore, (failure) => {
      attempt.log().warn('The stream of ctx.watch failed to close', { error: failure });
    });
    return error;
  };

  const setTimer = (now: number): void => {
    const dueInMs = monitor.deadline - now;
    if (dueInMs < Infinity) timer = timers.setTimer(onTimer, dueInMs);
    // This tells a test's clock that the function waits.
    else if (count === 0) timer = timers.setTimer(ignore, 0);
  };

  const onTimer = (): void => {
    timer = undefined;
    if (wait === undefined) return; // the next wait sets it again
    const now = timers.now();
    if (now < monitor.deadline || monitor.extend(now)) setTimer(now);
    else {
      const message = `ctx.watch: no item came for ${limitMs} ms; items so far: ${count}`;
      const lastHeartbeatDetails = attempt.newestDetails();
      const fields = { timeoutType: 'STREAM', lastHeartbeatDetails } as const;
      void fail(rejectionAtAwait(withoutStack(() => new TimeoutFailure(message, fields))));
    }
  };

  const onResult = (result: unknown): void => {
    if (over) return; // too late
    const { done, value } = Object(result) as Result<T>;
    if (done === true) {
      end(END);
      return;
    }
    item = value;
    count++;
    settle(result as Result<T>); // the loop refuses a result that is not an object
  };

  const onError = (error: unknown): void => {
    if (!over) end(Promise.reject(error));
  };

  const onDelivery = (reason?: Error): void => {
    void fail(reason === undefined ? new Promise<never>(ignore) : Promise.reject(reason));
  };

  const hear = (): void => {
    attempt.hearInWait();
    if (interruption.reason !== undefined) throw interruption.reason;
  };

  const next = (): Promise<Result<T>> => {
    if (wait !== undefined) return wait.promise.then(next, next);
    if (over) return Promise.resolve(END);
    if (attempt.ended && interruption.reason === undefined) return fail(new Promise<never>(ignore));
    try {
      if (count > 0) attempt.heartbeat(details?.(item, count - 1));
      hear();
      whenSettled(reading.next(), onResult, onError);
      hear(); // the stream may have asked the activity to stop
    } catch (error) {
      return fail(Promise.reject(error));
    }
    const now = timers.now();
    if (count === 1) {
      timer?.clear();
      timer = undefined;
      monitor.changeTimeout((limitMs = betweenMs), now);
    }
    monitor.beat(now);
    if (timer === undefined) setTimer(now);
    return begin(onDelivery);
  };

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next,
    return() {
      const stuck = wait !== undefined;
      if (over) return Promise.resolve(END);
      end(END);
      const leave = (): void => end(END);
      timer = timers.setTimer(leave, CLOSING_MS);
      whenSettled(close(stuck), leave, (error) => {
        if (wait !== undefined) end(Promise.reject(error));
      });
      return begin(leave);
    },
  };
}

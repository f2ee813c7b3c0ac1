/**
 * The port for functions that do not run on this event loop, such as those in a pool of workers. Such
 * a function has the property `fn[PLACE]`, which is a `Place`.
 *
 * An activity that waits for room there waits like for a slot, before its attempt starts. The
 * function can be stopped at any time, so it receives every request at once, and the next attempt
 * always waits for its end.
 */
import type { ActivityContext } from '../context/context.js';
import type { Waiting } from '../context/source.js';

/** The property of a function that says where it runs. All copies of the package share it. */
export const PLACE = /* @__PURE__ */ Symbol.for('systole.place');

/** A place where attempts run. */
export interface Place {
  /** Whether an attempt can start now. If not, it calls `waiter.onRoom()` when one can. */
  hasRoom(waiter: Waiter): boolean;
  /** Takes room for one attempt. Without room, it does the same as `hasRoom`. */
  enter(waiter: Waiter): Room | undefined;
  /** Called when a waiter no longer wants room, or before its priority changes. */
  forget(waiter: Waiter): void;
  /**
   * Resolves when the caller of a timed-out activity should get its failure. A place that ends
   * functions that hang can wait for that, so that the failure can say where the function hung.
   *
   * @param settled resolves when no function of the activity runs any more
   */
  answer(settled: Promise<void>): Promise<void>;
  /**
   * Called when a durable store has given the activity to this process for a time. If this process is
   * suspended, another one may begin an attempt after it, so the function must have ended by then.
   */
  leasedFor?(waiter: Waiter, ms: number): void;
}

/** An activity that waits for room. It may have stopped waiting by the time it is called. */
export interface Waiter {
  /** The priority, from 1 (first) to 5 (last). */
  readonly priority: number;
  onRoom(): void;
}

/** The room of one attempt. */
export interface Room {
  /** Called instead of the activity's function. An interceptor may skip the call. */
  readonly run: (this: void, ctx: ActivityContext, ...args: unknown[]) => unknown;
  /**
   * Called once: with what the call through the interceptors has returned, or without it if there was
   * no call. The function may still run when that settles. Returns what the attempt waits for.
   */
  readonly leave: (this: void, outcome?: unknown, attempt?: Lodger) => unknown;
}

/** The attempt in a room. */
export type Lodger = Pick<Waiting, 'interruption' | 'ended'>;

/** The place where a function runs; undefined for this event loop. */
export function placeOf(fn: object): Place | undefined {
  return (fn as { readonly [PLACE]?: Place })[PLACE];
}

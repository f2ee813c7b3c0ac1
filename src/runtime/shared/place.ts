/**
 * The port for functions that run somewhere else than on this event loop, such as in a pool of
 * workers. A function says so with a property: `fn[PLACE]` is a `Place`.
 *
 * Waiting for room there is waiting for a slot: no attempt has begun. Its function can be stopped at
 * any time, so it hears of every request at once, and the next attempt always waits for its end.
 */
import type { ActivityContext } from '../context/context.js';

/** The property of a function that says where it runs. Known to every copy of the package. */
export const PLACE = /* @__PURE__ */ Symbol.for('systole.place');

/** Where attempts run. */
export interface Place {
  /** Whether an attempt could begin now. If not, `waiter.onRoom()` is called when one may. */
  hasRoom(waiter: Waiter): boolean;
  /** Takes room for one attempt; without any, it is as `hasRoom`. */
  enter(waiter: Waiter): Room | undefined;
}

/** An activity that waits for room. It may have stopped to wait when it is called. */
export interface Waiter {
  /** 1 (first) to 5 (last). */
  readonly priority: number;
  onRoom(): void;
}

/** The room of one attempt. */
export interface Room {
  /** Called in place of the activity's function; or not, if an interceptor does not. */
  readonly run: (this: void, ctx: ActivityContext, ...args: unknown[]) => unknown;
  /** The attempt's function has settled. */
  leave(): void;
}

/** Where a function runs; undefined for here. */
export function placeOf(fn: object): Place | undefined {
  return (fn as { readonly [PLACE]?: Place })[PLACE];
}

/** Calls of a pool's functions that no runtime has made: the worker is waited for in the attempt. */
import { Deferred } from '../kernel/promises.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { Room } from '../runtime/shared/place.js';
import type { Pool } from './pool.js';

/** Waits for a worker during the attempt, and runs the function there. */
export async function callDirectly(
  pool: Pool,
  name: string,
  ctx: ActivityContext,
  args: readonly unknown[],
): Promise<unknown> {
  const entered = enterSoon(pool, name, ctx.info.priority);
  let room: Room;
  try {
    room = await ctx.keepAlive(entered.room);
  } catch (stopped) {
    entered.forget();
    throw stopped;
  }
  try {
    return await room.run(ctx, ...args);
  } finally {
    room.leave();
  }
}

function enterSoon(
  pool: Pool,
  name: string,
  priority: number,
): { readonly room: Promise<Room>; readonly forget: () => void } {
  const entered = new Deferred<Room>();
  const onRoom = (): void => {
    const room = pool.enter(name, waiter);
    if (room !== undefined) entered.resolve(room);
  };
  const waiter = { priority, onRoom };
  onRoom();
  const forget = (): void => {
    pool.forget(waiter);
    void entered.promise.then(({ leave }) => void leave()); // it may have one just now
  };
  return { room: entered.promise, forget };
}

/** The public pool: its options, its functions and its end. */
import { badOption, hasMethods } from '../kernel/bad-input.js';
import { refusable, rejectable } from '../kernel/stack.js';
import type { ActivityContext, AnyActivity } from '../runtime/context/context.js';
import { PLACE, type Place } from '../runtime/shared/place.js';
import { namesIn } from './load.js';
import { resolvePool, type ResolvedPool, type WorkerPoolOptions } from './options.js';
import { callDirectly } from './direct.js';
import { Pool, type WorkerPoolStats } from './pool.js';

/**
 * The functions that a module exports, with their types, as activity functions that run in a worker.
 * Exports that are not activity functions are left out.
 */
export type PoolActivities<T> = {
  readonly [Name in keyof T as T[Name] extends AnyActivity ? Name : never]: T[Name];
};

/** A pool of workers that run the activity functions of one module. */
export interface WorkerPool<T> {
  /**
   * The functions of the module. Pass them to `runActivity`, `proxyActivities` and everything else
   * that takes activity functions. If the module does not export a name, the attempt fails.
   */
  readonly activities: PoolActivities<T>;
  /** Returns how many workers are busy, idle and starting, and how many activities wait for one. */
  stats(): WorkerPoolStats;
  /**
   * Closes the pool. Running functions are told to stop, and are killed after `gracePeriod`. Their
   * attempts fail and are not retried here; a durable store keeps the activities. Resolves when every
   * worker is dead. If the activities should close gracefully, shut the runtime down first.
   */
  close(): Promise<void>;
  /** Closes the pool at the end of a block with `await using pool = workerPool(...)`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a pool of workers for the activity functions of a module. A function that is stuck in a
 * worker can be killed, and a crash ends one attempt but not the program. Workers start when they
 * are needed. Idle workers do not keep the program alive.
 *
 * @param module the address of the module of activities: a file URL or an absolute path
 * @throws TypeError that names the option, the value received and what is accepted
 *
 * @example
 * import type * as activities from './resize.activities.js';
 *
 * const module = new URL('./resize.activities.js', import.meta.url);
 * await using pool = workerPool<typeof activities>(module);
 * await runActivity(pool.activities.resize, { args: ['photos'], heartbeatTimeout: '10s' });
 */
export function workerPool<T extends object = Record<string, AnyActivity>>(
  module: URL | string,
  options: WorkerPoolOptions = {},
): WorkerPool<T> {
  const resolved = refusable(workerPool, () => resolvePool(module, options));
  const pool = new Pool(resolved);
  const close = (): Promise<void> => pool.close();
  return {
    activities: functionsOf(pool, resolved) as PoolActivities<T>,
    stats: () => pool.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type PoolFunction = ((ctx: ActivityContext, ...args: unknown[]) => Promise<unknown>) & {
  readonly [PLACE]: Place;
};

/** Whether a value can be the context of an attempt, perhaps in a copy with other members. */
function isContext(value: unknown): boolean {
  return (
    hasMethods(value, 'heartbeat', 'keepAlive') &&
    hasMethods(Reflect.get(value as object, 'signal'), 'addEventListener')
  );
}

/**
 * Names that an activity module cannot export, because other code treats an object that has them in
 * a special way.
 */
const NO_ACTIVITIES = new Set(['then', 'toJSON', 'constructor', 'asymmetricMatch', '$$typeof']);

/**
 * Only a process that has loaded a module knows the names that it exports. So any name gives a
 * function, and asking which names there are makes this process ask another one, once.
 */
function functionsOf(pool: Pool, options: ResolvedPool): object {
  const made = Object.create(null) as Record<string, PoolFunction>;
  const functionOf = (name: string): PoolFunction => (made[name] ??= functionIn(pool, name));
  let names: ReadonlySet<string> | undefined;
  const exported = (): ReadonlySet<string> => (names ??= new Set(namesIn(options).filter(mayBe)));
  const has = (name: string | symbol): name is string => mayBe(name) && exported().has(name);
  return new Proxy(made, {
    get: (_made, name) => (mayBe(name) ? functionOf(name) : undefined),
    has: (_made, name) => has(name),
    getOwnPropertyDescriptor: (_made, name) =>
      has(name)
        ? { value: functionOf(name), writable: true, enumerable: true, configurable: true }
        : undefined,
    ownKeys: () => [...exported()],
    set: () => false,
  });
}

/** Whether an activity may have the name. */
function mayBe(name: string | symbol): name is string {
  return typeof name === 'string' && !NO_ACTIVITIES.has(name);
}

function functionIn(pool: Pool, name: string): PoolFunction {
  const fn = (ctx: ActivityContext, ...args: unknown[]): Promise<unknown> =>
    rejectable(fn, () => {
      if (isContext(ctx)) return callDirectly(pool, name, ctx, args);
      throw badOption(
        `pool.activities.${name}: ctx`,
        ctx,
        `the ctx of an activity; do not call it, but pass it to a runtime: runActivity(pool.activities.${name}, { args: [...] })`,
      );
    });
  const place: Place = {
    hasRoom: (waiter) => pool.hasRoom(waiter),
    enter: (waiter) => pool.enter(name, waiter),
    forget: (waiter) => pool.forget(waiter),
    answer: (settled) => pool.answer(settled),
    leasedFor: (waiter, ms) => pool.leasedFor(waiter, ms),
  };
  Object.defineProperty(fn, 'name', { value: name });
  return Object.assign(fn, { [PLACE]: place });
}

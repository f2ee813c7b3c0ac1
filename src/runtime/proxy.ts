/** An object of activity functions, as an object of functions that run them. */
import { badOption } from '../kernel/bad-input.js';
import type { AnyFunction } from './attempt/owner.js';
import type { ActivityContext, AnyActivity } from './context/context.js';
import type { ActivityOptions } from './options/activity-options.js';
import { PLACE, placeOf } from './shared/place.js';

/**
 * An object of activity functions as functions without the context, by the same names. What is not
 * a function is left out.
 */
export type ProxiedActivities<T> = {
  readonly [Name in keyof T as T[Name] extends AnyActivity ? Name : never]: T[Name] extends (
    ctx: ActivityContext<never>,
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

type RunNamed = (
  fn: AnyFunction,
  options: ActivityOptions & { readonly args: readonly unknown[] },
  called: object,
) => Promise<unknown>;

/** @param run runs a function with options; `called` is the function of the proxy that was called */
export function proxyOf(
  activities: unknown,
  options: Omit<ActivityOptions, 'activityId' | 'signal'> | undefined,
  run: RunNamed,
): object {
  if (typeof activities !== 'object' || activities === null) {
    throw badOption('activities', activities, 'an object of activity functions');
  }
  const proxy = {};
  for (const name of functionNames(activities)) {
    // One function for each name, so that two calls of it are calls of the same activity; looked
    // up at the call, and called as a method.
    const call: AnyFunction = (ctx, ...args) =>
      (activities as Record<string, AnyFunction>)[name]?.(ctx, ...args);
    const place = placeOf((activities as Record<string, AnyFunction>)[name] as AnyFunction);
    if (place !== undefined) Object.assign(call, { [PLACE]: place });
    const value = (...args: unknown[]): Promise<unknown> =>
      run(call, { activityType: name, ...options, args }, value);
    Object.defineProperty(proxy, name, { value, enumerable: true });
  }
  return Object.freeze(proxy);
}

/**
 * Of the object itself and of its classes. Enumerable accessors are read: bundlers and transpilers
 * make such ones of a module's exports. Those of a class are not.
 */
function functionNames(activities: object): Set<string> {
  const names = new Set<string>();
  let holder: object | null = activities;
  while (holder !== null && holder !== Object.prototype) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      const value: unknown =
        property.get !== undefined && property.enumerable === true
          ? (activities as Record<string, unknown>)[name]
          : property.value;
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
    }
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return names;
}

/** Turns an object of activity functions into an object of functions that run them. */
import { badOption } from '../kernel/bad-input.js';
import type { AnyFunction } from './attempt/owner.js';
import type { ActivityContext, AnyActivity } from './context/context.js';
import type { ActivityOptions } from './options/activity-options.js';
import { PLACE, placeOf } from './shared/place.js';

/**
 * An object with functions that run the activities of `T`, under the same names and without the
 * context parameter. Properties that are not functions are left out.
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

/** @param run runs a function with options; `called` is the proxy's function that was called */
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
    // There is one function for each name, so that two calls run the same activity. The method is
    // looked up at the call and keeps its `this`.
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
 * The names of all functions of an object and of its classes. Enumerable getters are read, because
 * bundlers make them for the exports of a module. The getters of a class are not enumerable.
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

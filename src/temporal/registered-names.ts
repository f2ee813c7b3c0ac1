/** The names under which this process has registered functions with a worker. */
import { badOption } from '../kernel/bad-input.js';
import { functionName } from '../kernel/function-name.js';

const names = new WeakMap<object, string>();

export function registerNames(activities: object): void {
  for (const [name, value] of Object.entries(activities)) {
    if (typeof value === 'function') names.set(value as object, name);
  }
}

/**
 * The name by which a worker finds a function.
 *
 * @throws TypeError if the function has no such name
 */
export function registeredName(fn: unknown): string {
  if (typeof fn !== 'function') {
    throw badOption('the activity', fn, 'a function that a worker has registered with toTemporal');
  }
  const registered = names.get(fn);
  if (registered !== undefined) return registered;
  const name = functionName(fn);
  // A bound function may hold arguments, and a worker would not get them.
  if (name !== undefined && name === fn.name) return name;
  throw new TypeError(
    'TemporalRuntime: a worker finds activities by name, and this function has none. Register it ' +
      'with toTemporal({ importRows }) and run importRows, or give its name as activityType',
  );
}

/** Under which names functions are registered with a worker, as far as this process knows. */
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
 * @throws TypeError if it has none
 */
export function registeredName(fn: unknown): string {
  if (typeof fn !== 'function') {
    throw badOption('the activity', fn, 'a function that a worker has registered with toTemporal');
  }
  const registered = names.get(fn);
  if (registered !== undefined) return registered;
  const name = functionName(fn);
  // A bound function may hold arguments, which no worker would get.
  if (name !== undefined && name === fn.name) return name;
  throw new TypeError(
    'TemporalRuntime: a worker finds an activity by its name, and this function has none. Register ' +
      'it, toTemporal({ importRows }), and run importRows; or give its name as activityType',
  );
}

/** The functions that a module exports. */

export type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/**
 * Of a CommonJS module also those that only its `default` shows.
 *
 * @throws TypeError if there are none
 */
export function functionsOf(module: Readonly<Record<string, unknown>>): Functions {
  const { default: all } = module;
  const inner = typeof all === 'object' && all !== null ? all : {};
  const found = Object.entries({ ...inner, ...module }).filter(
    ([, it]) => typeof it === 'function',
  );
  if (found.length > 0) return Object.fromEntries(found) as Functions;
  throw new TypeError('it exports no function');
}

/** The functions that a module exports. */

export type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/**
 * The functions of a module. For a CommonJS module, they may be in its `default` only.
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

/** The name that the author gave a function. */

/**
 * The name of a function without the `bound ` that `bind` adds; undefined if it has no name. All
 * functions that `AsyncResource.bind` makes are called `bound`.
 */
export function functionName(fn: unknown): string | undefined {
  try {
    const name: unknown = (fn as { readonly name: unknown }).name;
    if (typeof name !== 'string') return undefined;
    const own = name.replace(/^(bound )+/, '');
    return own === '' || own === 'bound' ? undefined : own;
  } catch {
    return undefined; // a proxy or a getter that throws
  }
}

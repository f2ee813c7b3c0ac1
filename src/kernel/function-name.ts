/** What a function is called, as its author would say it. */

/**
 * The function's own name, without the `bound ` that `bind` puts before it; undefined if nothing
 * names it. The functions that `AsyncResource.bind` makes are all called `bound`.
 */
export function functionName(fn: unknown): string | undefined {
  try {
    const name: unknown = (fn as { readonly name: unknown }).name;
    if (typeof name !== 'string') return undefined;
    const own = name.replace(/^(bound )+/, '');
    return own === '' || own === 'bound' ? undefined : own;
  } catch {
    return undefined; // a proxy of the user's, or a getter
  }
}

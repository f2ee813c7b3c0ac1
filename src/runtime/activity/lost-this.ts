/** A hint for the most common slip in JavaScript: a method that is passed without its object. */
import { functionName } from '../../kernel/function-name.js';
import type { AnyFunction } from '../attempt/owner.js';

/** How engines report a property or a private member of an undefined `this`. */
const REPORTS = /undefined|private member|Receiver must be/;

/** Arrow functions have the `this` of the place where they are written. */
const ARROW = /^(async\s*)?(\(|[\w$]+\s*=>)/;

/**
 * What to add to the message about a failure of `fn`: empty unless `fn` uses `this`, which nobody
 * gives it, and failed as such a function does.
 */
export function lostThis(fn: AnyFunction, failure: unknown): string {
  try {
    if (!(failure instanceof TypeError) || !REPORTS.test(failure.message)) return '';
    const source = Function.prototype.toString.call(fn);
    if (ARROW.test(source) || !/\bthis\b/.test(source)) return '';
  } catch {
    return ''; // an error of the user's own making, that cannot be looked at
  }
  const name = functionName(fn) ?? 'method';
  return (
    `. Its "this" is undefined, as in a method that is passed without its object: ` +
    `pass (ctx, ...args) => object.${name}(ctx, ...args), or use proxyActivities(object)`
  );
}

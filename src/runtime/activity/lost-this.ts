/** A hint for a common mistake in JavaScript: a method that is passed without its object. */
import { functionName } from '../../kernel/function-name.js';
import type { AnyFunction } from '../attempt/owner.js';

/** The messages of JavaScript engines about an undefined `this`. */
const REPORTS = /undefined|private member|Receiver must be/;

/** Matches arrow functions, which take their `this` from where they are written. */
const ARROW = /^(async\s*)?(\(|[\w$]+\s*=>)/;

/**
 * The hint to add to the message about a failure of `fn`. Empty unless `fn` uses `this` and the
 * failure looks like an undefined `this`.
 */
export function lostThis(fn: AnyFunction, failure: unknown): string {
  try {
    if (!(failure instanceof TypeError) || !REPORTS.test(failure.message)) return '';
    const source = Function.prototype.toString.call(fn);
    if (ARROW.test(source) || !/\bthis\b/.test(source)) return '';
  } catch {
    return ''; // the user's own error throws
  }
  const name = functionName(fn) ?? 'method';
  return (
    `. Its "this" is undefined: pass (ctx, ...args) => object.${name}(ctx, ...args), ` +
    `or use proxyActivities(object)`
  );
}

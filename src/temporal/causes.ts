/** Converts chains of causes to Temporal's failures and back. */
import { readCause, isError } from '../kernel/thrown.js';

/** The longest chain that is kept. A worker crashes on a failure with a hundred causes. */
const LONGEST_CHAIN = 50;

/**
 * Converts an error and its causes, from the innermost outward. A chain that is too long or has a
 * cycle is cut off. A value that is not an error stays as it is.
 *
 * @param convert makes the failure from an error and its converted cause
 * @param nextOf gives the next error to convert; undefined to stop
 */
export function convertChain(
  thrown: unknown,
  convert: (error: Error, cause: unknown) => unknown,
  nextOf: (error: Error) => unknown = readCause,
): unknown {
  const chain: Error[] = [];
  let next = thrown;
  while (isError(next) && !chain.includes(next) && chain.length < LONGEST_CHAIN) {
    chain.push(next);
    next = nextOf(next);
  }
  const innermost = isError(next) ? undefined : next;
  return chain.reduceRight((cause: unknown, error) => convert(error, cause), innermost);
}

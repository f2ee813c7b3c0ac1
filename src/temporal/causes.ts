/** Chains of causes, on their way to Temporal and from it. */
import { isError } from '../kernel/thrown.js';

/** A worker ends when it has to report a failure with a chain of a hundred causes. */
const LONGEST_CHAIN = 50;

/**
 * Converts an error and its causes, from the innermost outward. A chain that is too long, or that
 * comes back to one of its errors, is cut off there. Anything that is no error is left as it is.
 *
 * @param convert makes the failure from an error and its converted cause
 * @param causeOf undefined where the causes need no conversion
 */
export function convertChain(
  thrown: unknown,
  convert: (error: Error, cause: unknown) => unknown,
  causeOf: (error: Error) => unknown = causeRead,
): unknown {
  const chain: Error[] = [];
  let next = thrown;
  while (isError(next) && !chain.includes(next) && chain.length < LONGEST_CHAIN) {
    chain.push(next);
    next = causeOf(next);
  }
  const innermost = isError(next) ? undefined : next;
  return chain.reduceRight((cause: unknown, error) => convert(error, cause), innermost);
}

/** Undefined if it cannot be read. */
export function causeRead(error: Error): unknown {
  try {
    return error.cause;
  } catch {
    return undefined;
  }
}

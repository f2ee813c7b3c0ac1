/** Reads the header with which a server says when to try again. */
import { badOption, checkNames } from '../kernel/bad-input.js';
import { hostDate } from '../kernel/clock.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { isThenable } from '../kernel/promises.js';
import { refusable } from '../kernel/stack.js';

/** Headers, as `fetch` or `node:http` give them. */
type HeadersLike =
  | { get(name: string): string | null | undefined }
  | { readonly 'retry-after'?: string | undefined; readonly date?: string | undefined };

interface ResponseLike {
  readonly headers: HeadersLike;
}

/** What headers may give, although their types say less. */
type Value = string | number | null | undefined;

const NAMES = { of: 'retryAfter', example: "{ max: '1m' }", known: ['max'] };

/** The items of a list. A date has a comma of its own. */
const ITEM = /(?:[a-z]+, *)?[^, ][^,]*/gi;
const SECONDS = /^\d+(?:\.\d+)? *$/;
/** `Date.parse` alone would read almost anything. */
const DATE = /^[a-z]+, .* GMT *$/i;

/**
 * Reads `Retry-After` into milliseconds, for the `nextRetryDelay` of an `ApplicationFailure`. Returns
 * `undefined`, which means the delay of the retry policy, if the header is missing or cannot be read,
 * or if its time is not in the future. A date is compared with the server's own `Date` header if
 * there is one, because the two clocks may differ. Of several values, the longest counts.
 *
 * @param response a response, its headers, or the value of the header
 * @throws TypeError for a number or a promise, and for bad options
 *
 * @example
 * const nextRetryDelay = retryAfter(response, { max: '10 minutes' });
 * throw ApplicationFailure.create({ message: `HTTP ${response.status}`, nextRetryDelay });
 */
export function retryAfter(
  response: HeadersLike | ResponseLike | string | null | undefined,
  options: {
    /** The longest delay to return. Default: no limit. */
    readonly max?: Duration | undefined;
  } = {},
): number | undefined {
  const maxMs = refusable(retryAfter, () => {
    checkNames(options, NAMES);
    if (typeof response === 'number' || isThenable(response)) {
      throw badOption('retryAfter', response, 'a response, its headers, or a text');
    }
    return durationMs(options.max ?? Infinity, 'retryAfter max');
  });
  const given: unknown = typeof response === 'string' ? { 'retry-after': response } : response;
  const { headers = given } = Object(given) as { readonly headers?: unknown };
  const read = (name: 'retry-after' | 'date'): string => {
    const from = Object(headers) as Partial<Record<typeof name, Value>> & {
      get?(key: string): Value;
    };
    const value = typeof from.get === 'function' ? from.get(name) : from[name];
    return String(value ?? '');
  };
  const now = Date.parse(read('date')) || hostDate();
  let longestMs = 0;
  for (const item of read('retry-after').match(ITEM) ?? []) {
    const ms = SECONDS.test(item)
      ? 1_000 * Number(item)
      : DATE.test(item) && Date.parse(item) - now;
    longestMs = Math.max(longestMs, ms || 0); // NaN for a date that cannot be
  }
  const ms = Math.min(longestMs, maxMs);
  return ms > 0 && ms < Infinity ? ms : undefined;
}

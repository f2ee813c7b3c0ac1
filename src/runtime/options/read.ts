/** Reads the options of calls: once for all calls that give the same. */
import type { ErrorType, RetryPolicy } from '../../retry/policy.js';
import type { ActivityOptions } from './activity-options.js';
import { OWN_OPTIONS, resolveOptions } from './resolve.js';
import { text, type ResolvedOptions } from './table.js';

const NO_OPTIONS: ActivityOptions = {};

/** With more kinds of calls than this by turns, options are read at each call again. */
const KEPT = 16;

/**
 * A program starts most of its activities with the same few options. Reading them costs as much as
 * half of a short call, so the latest readings are kept, and calls that give the same share one:
 * with many activities in flight their options then take no room either.
 */
export class OptionsReader {
  readonly #defaults: ActivityOptions | undefined;
  readonly #readings: Reading[] = [];
  #next = 0;

  /** @param defaults checked; what is done to the object later does not count */
  constructor(defaults: ActivityOptions | undefined) {
    this.#defaults = defaults && copyOf(defaults);
  }

  /** @throws TypeError that names the option, the value received and what is accepted */
  read(call: ActivityOptions = NO_OPTIONS): ResolvedOptions {
    if (!isComparable(call)) return resolveOptions(call, this.#defaults);
    for (const reading of this.#readings) {
      if (!reading.isOf(call)) continue;
      const { options } = reading;
      // The key often differs from call to call where all else is the same.
      const concurrencyKey =
        text(call.concurrencyKey, 'concurrencyKey') ?? this.#defaults?.concurrencyKey;
      return options.concurrencyKey === concurrencyKey ? options : { ...options, concurrencyKey };
    }
    const given = copyOf(call);
    const reading = new Reading(given, resolveOptions(given, this.#defaults));
    // It inherits some of them, which a copy does not.
    if (!reading.isOf(call)) return resolveOptions(call, this.#defaults);
    this.#readings[this.#next] = reading;
    this.#next = (this.#next + 1) % KEPT;
    return reading.options;
  }
}

/** What calls have given, and what it meant. */
class Reading {
  readonly options: ResolvedOptions;
  readonly #given: Fields;
  readonly #policy: Fields | undefined;

  constructor(given: ActivityOptions, options: ResolvedOptions) {
    this.options = options;
    this.#given = new Fields(given);
    this.#policy = given.retryPolicy && new Fields(given.retryPolicy);
  }

  isOf(call: ActivityOptions): boolean {
    if (!this.#given.areThoseOf(call)) return false;
    const { retryPolicy } = call;
    if (retryPolicy === undefined) return this.#policy === undefined;
    return this.#policy?.areThoseOf(retryPolicy) === true;
  }
}

type Values = Readonly<Record<string, unknown>>;

/** In place of a value that is compared elsewhere, or does not matter. */
const ANY = Symbol();
const NOT_COMPARED = [...OWN_OPTIONS, 'concurrencyKey', 'retryPolicy'];

/** The fields of a call or of its policy, in their order, for the quickest comparison there is. */
class Fields {
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  constructor(object: object) {
    for (const name in object) {
      this.#names.push(name);
      this.#values.push(NOT_COMPARED.includes(name) ? ANY : (object as Values)[name]);
    }
  }

  areThoseOf(object: object): boolean {
    let count = 0;
    for (const name in object) {
      if (name !== this.#names[count]) return false;
      const value = this.#values[count++];
      if (value !== ANY && !isSame(value, (object as Values)[name])) return false;
    }
    return count === this.#names.length;
  }
}

/** The only objects are lists of error types. */
function isSame(kept: unknown, given: unknown): boolean {
  if (kept === given) return true;
  if (!Array.isArray(kept) || !Array.isArray(given)) return false;
  return kept.length === given.length && kept.every((type, index) => type === given[index]);
}

/** Whether its fields are all there is: getters of a class would not be seen. */
function isComparable(call: ActivityOptions): boolean {
  try {
    return isPlain(call) && (call.retryPolicy === undefined || isPlain(call.retryPolicy));
  } catch {
    return false; // that cannot be read
  }
}

/** By the constructor, which costs half as much as by the prototype. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && value.constructor === Object;
}

/** As it is now. */
function copyOf(call: ActivityOptions): ActivityOptions {
  const { retryPolicy } = call;
  return retryPolicy === undefined
    ? { ...call }
    : { ...call, retryPolicy: copyOfPolicy(retryPolicy) };
}

function copyOfPolicy(policy: RetryPolicy): RetryPolicy {
  const types: readonly ErrorType[] | undefined = policy.nonRetryableErrorTypes;
  return Array.isArray(types)
    ? { ...policy, nonRetryableErrorTypes: Array.from<ErrorType>(types) }
    : { ...policy };
}

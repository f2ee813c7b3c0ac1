/** Reads thrown values safely. Any of their parts may be the user's own code and throw. */
import { show } from './bad-input.js';
import { finiteMs, type Duration } from './duration.js';
import { KIND } from './failure.js';
import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  type TimeoutType,
} from './failures.js';
import { withoutStack } from './stack.js';
import { printable, quote, shortened } from './text.js';

/**
 * An error for which `isTimeout` is true: the `ActivityFailure` that a caller catches, whose `cause`
 * is the timeout, or a `TimeoutFailure` itself.
 */
export type Timeout<Type extends TimeoutType = TimeoutType> =
  | (ActivityFailure & {
      /** The timeout that closed the activity. */
      readonly cause: TimeoutFailure & {
        /** Which timeout has passed. */
        readonly timeoutType: Type;
      };
      /** An `ActivityFailure` has none. The type is in its `cause`. */
      readonly timeoutType?: undefined;
    })
  | (TimeoutFailure & {
      /** Which timeout has passed. */
      readonly timeoutType: Type;
      /** The failure of the attempt before; `undefined` for the first attempt. */
      readonly cause: {
        /** Which timeout had passed in the attempt before, if that failed because of one. */
        readonly timeoutType?: TimeoutType;
      };
    });

/**
 * Whether an error is a timeout (of the given type) or an `ActivityFailure` caused by one.
 *
 * @example
 * if (isTimeout(error)) console.log(error.cause.timeoutType);
 */
export function isTimeout<Type extends TimeoutType = TimeoutType>(
  error: unknown,
  timeoutType?: Type,
): error is Timeout<Type> {
  const reason = error instanceof ActivityFailure ? error.cause : error;
  return (
    reason instanceof TimeoutFailure &&
    (timeoutType === undefined || reason.timeoutType === timeoutType)
  );
}

/** Turns a thrown value into an error. An Error stays as it is; anything else is wrapped. */
export function ensureError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  const message = `An activity threw ${describeThrown(thrown)}, not an Error`;
  return withoutStack(() => new ApplicationFailure(message, { details: [thrown] }));
}

/** What an ApplicationFailure says about its retry; empty for other errors and unreadable ones. */
export function retryWishes(failure: Error): {
  readonly nonRetryable?: boolean;
  readonly nextRetryDelayMs?: number | undefined;
  /** What is wrong with its `nextRetryDelay`, which is then ignored. */
  readonly badRetryDelay?: string | undefined;
  readonly benign?: boolean;
} {
  try {
    if (!(failure instanceof ApplicationFailure)) return {};
    const { nonRetryable, nextRetryDelay, category } = failure;
    return { nonRetryable, benign: category === 'BENIGN', ...readRetryDelay(nextRetryDelay) };
  } catch {
    return {}; // the user's own error throws
  }
}

function readRetryDelay(delay: Duration | undefined): {
  readonly nextRetryDelayMs?: number;
  readonly badRetryDelay?: string;
} {
  if (delay === undefined) return {};
  try {
    return { nextRetryDelayMs: finiteMs(delay, 'nextRetryDelay') };
  } catch (error) {
    return { badRetryDelay: messageOf(error) };
  }
}

/** The message of a thrown value, ready to be used in one of our messages. */
export function messageOf(thrown: unknown): string {
  try {
    const { message }: { readonly message: unknown } = ensureError(thrown);
    return printable(String(message));
  } catch {
    return 'an error whose message cannot be read';
  }
}

/** The name and the message of an error, as our messages show them. */
export function said(error: Error): string {
  try {
    const { toString } = error as { readonly toString: unknown };
    if (toString !== Error.prototype.toString) return printable(String(error));
    const name = printable(shownName(error), 100);
    return error.message === '' ? name : `${name}: ${messageOf(error)}`;
  } catch {
    return 'an error that cannot be shown';
  }
}

/** The cause of an error; undefined if there is none or if reading it throws. */
export function readCause(error: Error): unknown {
  try {
    return error.cause;
  } catch {
    return undefined; // the user's own error throws
  }
}

/** Whether an error has that name: the name that messages show, or the name of its class. */
export function isNamed(error: Error, name: string): boolean {
  if (error instanceof ApplicationFailure && error.type !== undefined) return error.type === name;
  return classNameOf(error) === name || shownName(error) === name;
}

/** Names of built-in errors. The name of a derived class says more. */
const BUILT_IN = /^(|Error|(Eval|Range|Reference|Syntax|Type|URI|Aggregate|Suppressed)Error)$/;

/** The error's `name`, or the name of its class if the `name` is only that of a built-in error. */
export function shownName(error: Error): string {
  const { name }: { readonly name: unknown } = error;
  const own = typeof name === 'string' ? name : '';
  if (!BUILT_IN.test(own) || (own !== '' && Object.hasOwn(error, 'name'))) return own;
  const className = classNameOf(error);
  return typeof className === 'string' && className !== '' ? className : own || 'Error';
}

/** The name of an error's class. For our own classes, a minifier does not change it. */
function classNameOf(error: Error): unknown {
  const prototype = Object.getPrototypeOf(error) as { [KIND]?: string } | null;
  if (prototype !== null && Object.hasOwn(prototype, KIND)) return prototype[KIND];
  return (error as { constructor?: { name?: unknown } }).constructor?.name;
}

const ERROR_TAGS: ReadonlySet<string> = new Set(['[object Error]', '[object DOMException]']);

/** Whether a value is an Error, even from another realm, such as a test framework's sandbox. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error || ERROR_TAGS.has(Object.prototype.toString.call(thrown));
  } catch {
    return false; // a revoked proxy, a getter that throws
  }
}

/** A short text about a thrown value. The whole value is in `details`. */
function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return quote(thrown, 1_000);
  try {
    return (isObject(thrown) && describeObject(thrown)) || show(thrown);
  } catch {
    return 'an object';
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The message and code of a thrown object, or else its JSON; empty if it has none. */
function describeObject(thrown: object): string {
  const { message, code } = thrown as { readonly message?: unknown; readonly code?: unknown };
  const said = typeof message === 'string' && message !== '' ? [quote(message, 1_000)] : [];
  if (typeof code === 'string' || typeof code === 'number') said.push(`code ${show(code)}`);
  if (said.length > 0) return `an object with ${said.join(', ')}`;
  let left = MAX_VALUES;
  const text = JSON.stringify(thrown, (_key, value: unknown) => {
    if (--left < 0) return undefined;
    if (typeof value === 'bigint') return show(value);
    return typeof value === 'string' ? shortened(value, 100) : value;
  });
  return text === '{}' ? '' : printable(text, 200);
}

/** The most values of an object that are written. More would not help. */
const MAX_VALUES = 50;

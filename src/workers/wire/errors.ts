/** The form in which errors are sent. Structured clone loses classes and an error's own fields. */
import { serialize } from 'node:v8';
import * as errors from '../../kernel/errors.js';
import { KIND } from '../../kernel/failure.js';
import * as failures from '../../kernel/failures.js';
import { isError, shownName } from '../../kernel/thrown.js';
import { isPlain } from '../../heartbeat/details/copy.js';
import * as ours from './worker-errors.js';

/** A thrown value in a form that can be sent. */
export type Sent = { readonly value: unknown } | SentError;

interface SentError {
  /** The name of our class, if it is one of ours. */
  readonly kind: string | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: Sent | undefined;
  readonly errors: readonly Sent[] | undefined;
}

const CLASSES: Readonly<Record<string, unknown>> = { ...errors, ...failures, ...ours };

const APART = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** A longer chain of causes is cut, because it may be endless. */
const DEEPEST = 20;

export function send(thrown: unknown, depth = 0): Sent {
  if (!isError(thrown)) return { value: cloneable(thrown) };
  try {
    return sendError(thrown, depth);
  } catch {
    return { value: 'an error that cannot be read' };
  }
}

function sendError(error: Error, depth: number): SentError {
  const { cause, errors: several } = error as { cause?: unknown; errors?: unknown };
  const fields = Object.entries(error).filter(([key]) => !APART.has(key));
  const next = depth < DEEPEST ? (one: unknown) => send(one, depth + 1) : undefined;
  return {
    kind: (error as { [KIND]?: string })[KIND],
    name: shownName(error),
    message: error.message,
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    fields: Object.fromEntries(fields.map(([key, value]) => [key, cloneable(value)])),
    cause: Object.hasOwn(error, 'cause') ? next?.(cause) : undefined,
    errors: Array.isArray(several) && next !== undefined ? several.map(next) : undefined,
  };
}

export function receive(sent: Sent): unknown {
  if ('value' in sent) return sent.value;
  const { kind, name, message, stack, fields, cause, errors: several } = sent;
  const error = new Error(message);
  const found = (kind === undefined ? builtIn(name) : CLASSES[kind]) as typeof Error | undefined;
  if (found !== undefined) Object.setPrototypeOf(error, found.prototype);
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, writable: true, configurable: true });
  };
  if (error.name !== name) hidden('name', name);
  hidden('stack', stack);
  if (cause !== undefined) hidden('cause', receive(cause));
  if (several !== undefined) hidden('errors', several.map(receive));
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(error, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return error;
}

function builtIn(name: string): unknown {
  const found: unknown = Reflect.get(globalThis, name);
  return /^\w+Error$/.test(name) && typeof found === 'function' ? found : undefined;
}

/**
 * The value. Parts that cannot be sent are replaced by a note, because they must not hide the
 * error.
 */
function cloneable(value: unknown): unknown {
  try {
    serialize(value); // it refuses more than structured clone does, as channels between processes do
    return value;
  } catch {
    if (Array.isArray(value)) return value.map(cloneable);
    if (typeof value === 'object' && value !== null && isPlain(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cloneable(one)]));
    }
    return `[${typeof value}, which cannot leave its worker]`;
  }
}

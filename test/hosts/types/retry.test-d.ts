// The retry policy, and the error types in it.
import {
  ApplicationFailure,
  TimeoutFailure,
  runActivity,
  type Duration,
  type ErrorType,
  type RetryPolicy,
} from 'systole';
import { typeOf } from './assert.js';

const policy: RetryPolicy = {
  initialInterval: '100ms',
  backoffCoefficient: 1.5,
  maximumInterval: '5 minutes',
  maximumAttempts: Infinity,
  nonRetryableErrorTypes: ['ValidationError', TypeError],
  jitter: 0.5,
};
typeOf(policy.maximumAttempts).is<number | undefined>();
typeOf(policy.initialInterval).is<Duration | undefined>();
const unsetPolicy: RetryPolicy = {
  initialInterval: undefined,
  backoffCoefficient: undefined,
  maximumInterval: undefined,
  maximumAttempts: undefined,
  nonRetryableErrorTypes: undefined,
  jitter: undefined,
};
void unsetPolicy;
// @ts-expect-error Cannot assign to 'jitter' because it is a read-only property
policy.jitter = 1;
// @ts-expect-error Type '"1"' is not assignable to type 'Duration
void runActivity(() => 1, { retryPolicy: { initialInterval: '1' } });
// @ts-expect-error Type 'string' is not assignable to type 'number'
void runActivity(() => 1, { retryPolicy: { backoffCoefficient: '2' } });

// Error types: names, and classes of every make.
class PlainError extends Error {}
class NeedsFields extends Error {
  readonly #secret: string;
  private readonly code: number;
  constructor(code: number, options: { secret: string }) {
    super(`${code}${options.secret}`);
    this.code = code;
    this.#secret = options.secret;
  }
  same(): boolean {
    return this.#secret === String(this.code);
  }
}
abstract class AbstractError extends Error {
  abstract readonly status: number;
}
class GenericError<T> extends Error {
  readonly value: T;
  constructor(value: T) {
    super();
    this.value = value;
  }
}
class NotAnError {
  readonly why = 'thrown all the same';
}
const types = [
  'ValidationError',
  'TemporalTimeout:Heartbeat',
  Error,
  TypeError,
  AggregateError,
  PlainError,
  NeedsFields,
  AbstractError,
  GenericError,
  NotAnError,
  ApplicationFailure,
  TimeoutFailure,
] as const;
const listed: RetryPolicy = { nonRetryableErrorTypes: types };
void listed;
const asErrorTypes: readonly ErrorType[] = types;
void asErrorTypes;

// Not those with a constructor that is not public: a type with room for them would have room for
// predicates, below, as well.
class PrivatelyMade extends Error {
  private constructor(message: string) {
    super(message);
  }
  static make(): PrivatelyMade {
    return new PrivatelyMade('made here');
  }
}
class ProtectedlyMade extends Error {
  protected constructor(message: string) {
    super(message);
  }
}
// @ts-expect-error Cannot assign a 'private' constructor type to a 'public' constructor type
const privately: ErrorType = PrivatelyMade;
// @ts-expect-error Cannot assign a 'protected' constructor type to a 'public' constructor type
const protectedly: ErrorType = ProtectedlyMade;
// By name, or with a cast.
const hidden: readonly ErrorType[] = ['PrivatelyMade', PrivatelyMade as unknown as typeof Error];
void [privately, protectedly, hidden];

// @ts-expect-error Type '\(error: Error\) => boolean' is not assignable to type 'ErrorType'
const predicate: ErrorType = (error: Error) => error.message === '';
// @ts-expect-error Type 'PlainError' is not assignable to type 'ErrorType'
const instance: ErrorType = new PlainError();
// @ts-expect-error Type 'RegExp' is not assignable to type 'ErrorType'
const pattern: ErrorType = /Error$/;
void [predicate, instance, pattern];
// @ts-expect-error Type 'string' is not assignable to type 'readonly ErrorType\[\]'
void runActivity(() => 1, { retryPolicy: { nonRetryableErrorTypes: 'ValidationError' } });

/** Small helpers for promises. */

export function ignore(): void {
  // For promises and callbacks whose outcome does not matter.
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && typeof (value as { then?: unknown }).then === 'function';
}

/**
 * Calls back in a later turn with the outcome of a value, a promise or a thenable. Like `await`, it
 * ignores an own `then` of a native promise. Never throws.
 */
export function whenSettled(
  value: unknown,
  onValue: (value: unknown) => void,
  onError: (error: unknown) => void,
): void {
  try {
    void Promise.prototype.then.call(Promise.resolve(value), onValue, onError);
  } catch (error) {
    Promise.reject(error as Error).then(onValue, onError); // its `constructor` throws
  }
}

/** Handles a rejection of an async listener or logger, so that it is not an unhandled one. */
export function settleQuietly(returned: unknown, onError: (error: unknown) => void = ignore): void {
  if (isThenable(returned)) whenSettled(returned, ignore, onError);
}

/** A promise and the two functions that settle it. */
export class Deferred<T> {
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (reason: unknown) => void;
  readonly promise: Promise<T>;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

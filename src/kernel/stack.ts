/**
 * Makes the stack traces of our errors show the user's call, not our own code. It works on V8. On
 * other engines, errors have the stacks that the engine gives them.
 */
import { ignore } from './promises.js';

/** The part of `Error` that only some engines have, and that some programs freeze. */
interface V8Error {
  stackTraceLimit?: number;
  captureStackTrace?: (error: object, below: object) => void;
}

const v8 = (): V8Error => Error as unknown as V8Error;

const bare = /* @__PURE__ */ new WeakSet<object>();

/**
 * Makes an error without a stack. It may get one later. Capturing a stack is most of the cost of a
 * timeout, and the frames of a timer are useless. A cause keeps its own stack.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = setLimit(0);
  try {
    const error = make();
    if (limit !== undefined) bare.add(error);
    return error;
  } finally {
    restoreLimit(0, limit);
  }
}

/** The maximum number of our own stack frames between `run` and the user's function. */
const FRAMES_OF_OURS = 16;

/**
 * Raises the limit of stack traces before a user's function is called within a user's call. Errors
 * that it throws still show the caller, beyond our frames in between.
 *
 * @returns the previous limit, for `restoreStacks`
 */
export function lengthenStacks(): number | undefined {
  return setLimit((v8().stackTraceLimit ?? 0) + FRAMES_OF_OURS);
}

/** Restores the limit, unless the user's code has changed it. */
export function restoreStacks(before: number | undefined): void {
  if (before !== undefined) restoreLimit(before + FRAMES_OF_OURS, before);
}

/** Sets the limit and returns the previous one; undefined if it cannot be set. */
function setLimit(limit: number): number | undefined {
  const before = v8().stackTraceLimit;
  if (typeof before !== 'number') return undefined;
  try {
    v8().stackTraceLimit = limit;
    return before;
  } catch {
    return undefined; // frozen
  }
}

/** Sets the limit back, unless other code has changed it. */
function restoreLimit(from: number, to: number | undefined): void {
  if (to !== undefined && v8().stackTraceLimit === from) v8().stackTraceLimit = to;
}

const refusals = /* @__PURE__ */ new WeakSet<object>();

/** Marks an error as the refusal of a call, so that its stack will show the line of the call. */
export function refusal<E extends Error>(error: E): E {
  refusals.add(error);
  return error;
}

/**
 * Gives a refusal the stack of the user's call. Other errors stay as they are.
 *
 * @param called the public function that the user has called and that is still running
 */
export function fromCaller(error: unknown, called: object): unknown {
  if (refusals.has(error as object)) setStack(error as object, called);
  return error;
}

/** Runs the work of a public function. If it refuses the call, the error shows the user's call. */
export function refusable<T>(called: object, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fromCaller(error, called);
  }
}

/** Runs the work of a public async function. A refusal becomes a rejection that shows the call. */
export function rejectable<T>(called: object, act: () => Promise<T>): Promise<T> {
  try {
    return act();
  } catch (error) {
    return Promise.reject(fromCaller(error, called));
  }
}

/**
 * Remembers the line of a call, for a refusal that comes when the call has returned a promise.
 *
 * @param called the public function that the user has called and that is still running
 * @returns a function that gives an error the stack of the call
 */
export function refuser(called: object): <E extends Error>(error: E) => E {
  const call: { readonly stack?: unknown } = {};
  setStack(call, called);
  return (error) => {
    const { stack } = call;
    if (typeof stack === 'string') {
      error.stack = `${String(error)}${stack.slice(stack.indexOf('\n'))}`;
    }
    return error;
  };
}

/** Gives an error the stack of the code that called a function, which must still be running. */
export function setStack(error: object, called: object): void {
  v8().captureStackTrace?.(error, called);
}

/**
 * Rejects with an error that gets the stack of the code that awaits the caller's promise, because V8
 * follows promises from an async function to the functions that await it. So we need no stack while
 * a call may still succeed. Causes without a stack get the same one.
 *
 * @param onceFollowed called when the stack has been captured, before the rejection
 */
export function rejectionAtAwait(error: Error, onceFollowed: () => void = ignore): Promise<never> {
  const rejection = awaited(error, () => {
    onceFollowed();
    rejection.catch(ignore); // the promise that follows this one reports it
  });
  return rejection;
}

async function awaited(error: Error, onceFollowed: () => void): Promise<never> {
  return await thrownLater(error, onceFollowed);
}

async function thrownLater(error: Error, onceFollowed: () => void): Promise<never> {
  for (let turn = 0; turn < TURNS_TO_FOLLOW; turn++) await Promise.resolve();
  let one: unknown = error;
  while (bare.delete(one as object)) {
    setStack(one as object, awaited);
    one = (one as Error).cause;
  }
  onceFollowed();
  throw error;
}

/** The turns that a promise needs to follow another one that it was resolved with. */
const TURNS_TO_FOLLOW = 2;

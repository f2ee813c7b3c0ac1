/**
 * The stack traces of our errors: where the user's code called, not how we are built. All of it is
 * V8's; on other engines errors have the stacks that the engine gives them.
 */
import { ignore } from './promises.js';

/** The part of `Error` that not every engine has, and that some programs freeze. */
interface V8Error {
  stackTraceLimit?: number;
  captureStackTrace?: (error: object, below: object) => void;
}

const v8 = (): V8Error => Error as unknown as V8Error;

const bare = /* @__PURE__ */ new WeakSet<object>();

/**
 * Makes an error without a stack, which it may get later. To capture one is most of what a timeout
 * costs, and the frames of a timer tell nobody anything. A cause keeps its own stack.
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

/** More than the frames between `run` and the function that it calls. */
const FRAMES_OF_OURS = 16;

/**
 * For calls of a user's function within a user's call: the stacks of what it throws are as much
 * longer as there are frames of ours in between, so that they still show the caller.
 *
 * @returns the limit before, for `restoreStacks`
 */
export function lengthenStacks(): number | undefined {
  return setLimit((v8().stackTraceLimit ?? 0) + FRAMES_OF_OURS);
}

/** Sets the limit back, unless the code in between has set one of its own. */
export function restoreStacks(before: number | undefined): void {
  if (before !== undefined) restoreLimit(before + FRAMES_OF_OURS, before);
}

/** Returns the limit before; undefined if it cannot be set. */
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

/** Unless the code in between has set a limit of its own. */
function restoreLimit(from: number, to: number | undefined): void {
  if (to !== undefined && v8().stackTraceLimit === from) v8().stackTraceLimit = to;
}

const refusals = /* @__PURE__ */ new WeakSet<object>();

/** Marks an error as the refusal of a call, which belongs to the line that made the call. */
export function refusal<E extends Error>(error: E): E {
  refusals.add(error);
  return error;
}

/**
 * Gives a refusal the stack of the user's call; leaves all other errors as they are.
 *
 * @param called the public function that the user has called, which is still running
 */
export function fromCaller(error: unknown, called: object): unknown {
  if (refusals.has(error as object)) setStack(error as object, called);
  return error;
}

/** Does what a public function is called for; a refusal has the stack of that call. */
export function refusable<T>(called: object, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fromCaller(error, called);
  }
}

/** The same for a function that gives a promise: a refusal is a rejection. */
export function rejectable<T>(called: object, act: () => Promise<T>): Promise<T> {
  try {
    return act();
  } catch (error) {
    return Promise.reject(fromCaller(error, called));
  }
}

/** Gives an error the stack of the code that has called a function, which is still running. */
export function setStack(error: object, called: object): void {
  v8().captureStackTrace?.(error, called);
}

/**
 * Rejects with an error, which gets the stack of the code that awaits the promise that is resolved
 * with this one: V8 follows the promises from an async function to those that await it. So nothing
 * needs to be captured while a call may still succeed. Causes that have no stack get the same.
 *
 * @param onceFollowed called when the stack has been captured, before the rejection
 */
export function rejectionAtAwait(error: Error, onceFollowed: () => void = ignore): Promise<never> {
  const rejection = awaited(error, () => {
    onceFollowed();
    rejection.catch(ignore); // it is up to the promise that follows this one
  });
  return rejection;
}

async function awaited(error: Error, onceFollowed: () => void): Promise<never> {
  return await thrownLater(error, onceFollowed);
}

async function thrownLater(error: Error, onceFollowed: () => void): Promise<never> {
  for (let turn = 0; turn < TURNS_TO_FOLLOW; turn++) await Promise.resolve();
  let one: unknown = error;
  while (bare.has(one as object)) {
    setStack(one as object, awaited);
    one = (one as Error).cause;
  }
  onceFollowed();
  throw error;
}

/** As long as a promise takes to follow another one that it has been resolved with. */
const TURNS_TO_FOLLOW = 2;

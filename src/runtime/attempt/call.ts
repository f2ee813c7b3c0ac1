/** Calls an activity's function, through the interceptors if there are any. */
import { ApplicationFailure } from '../../kernel/failures.js';
import type { ActivityContext } from '../context/context.js';
import type { Interceptors } from '../context/interceptors.js';
import type { AnyFunction } from './owner.js';

/** The message of the error that `ctx.completeAsync()` throws. */
export const LEFT_OPEN =
  'ctx.completeAsync() leaves the activity open; this error ends the function';

/** Returns what the function returns. If it throws, returns a rejected promise. */
export function callFunction(
  fn: AnyFunction,
  context: ActivityContext,
  args: readonly unknown[],
  execute: Interceptors['execute'],
): unknown {
  try {
    const returned =
      execute === undefined
        ? fn(context, ...args)
        : execute({ context, args }, (input) => fn(input.context, ...input.args));
    if (isGenerator(returned)) throw generatorRefused();
    return returned;
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

function isGenerator(returned: unknown): boolean {
  if (typeof returned !== 'object' || returned === null || returned instanceof Promise)
    return false;
  return /^\[object (Async)?Generator\]$/.test(Object.prototype.toString.call(returned));
}

function generatorRefused(): ApplicationFailure {
  return new ApplicationFailure(
    'An activity must not return a generator: consume it inside the activity',
    { type: 'TypeError', nonRetryable: true },
  );
}

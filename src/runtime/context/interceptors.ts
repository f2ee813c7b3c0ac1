/** Interceptors: code that users put around every attempt and every heartbeat. */
import { settleQuietly } from '../../kernel/promises.js';
import type { ActivityContext } from './context.js';

/** The input of an interceptor for one attempt. */
export interface ExecuteInput {
  /** The context of the attempt. You may call `next` with a context that wraps it. */
  readonly context: ActivityContext;
  /** The function's arguments after `ctx`. */
  readonly args: readonly unknown[];
}

/** Code around attempts and heartbeats. If there are several, the first one is the outermost. */
export interface ActivityInterceptor {
  /**
   * Wraps an attempt. It may call `next` or not. What it returns or throws is the outcome of the
   * attempt.
   */
  readonly execute?:
    ((input: ExecuteInput, next: (input: ExecuteInput) => unknown) => unknown) | undefined;
  /**
   * Wraps a heartbeat. It calls `next` with the details to keep. Without that call, the heartbeat
   * does not count. `context` is the same as in `execute`. If it throws, `ctx.heartbeat` throws. A
   * promise is not awaited, and its rejection is logged.
   */
  readonly heartbeat?:
    | ((details: unknown, next: (details: unknown) => void, context: ActivityContext) => unknown)
    | undefined;
}

/** The interceptors of a runtime as two functions, which are undefined if no interceptor has them. */
export interface Interceptors {
  readonly execute:
    ((input: ExecuteInput, run: (input: ExecuteInput) => unknown) => unknown) | undefined;
  readonly heartbeat:
    | ((details: unknown, beat: (details: unknown) => void, context: ActivityContext) => void)
    | undefined;
}

export function compose(interceptors: readonly ActivityInterceptor[]): Interceptors {
  const executing = interceptors.filter((one) => one.execute !== undefined);
  const beating = interceptors.filter((one) => one.heartbeat !== undefined);
  return {
    execute:
      executing.length === 0
        ? undefined
        : (input, run) =>
            executing.reduceRight(
              (next, one) => (given: ExecuteInput) => one.execute?.(given, next),
              run,
            )(input),
    heartbeat:
      beating.length === 0
        ? undefined
        : (details, beat, context) => {
            const blame = (error: unknown): void => {
              context.log.error('A heartbeat interceptor failed', { error });
            };
            beating.reduceRight(
              (next, one) => (given: unknown) => {
                settleQuietly(one.heartbeat?.(given, next, context), blame);
              },
              beat,
            )(details);
          },
  };
}

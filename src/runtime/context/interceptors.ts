/** Interceptors: code that users put around every attempt and every heartbeat, and around a call. */
import { badOption } from '../../kernel/bad-input.js';
import type { LogAttributes } from '../../kernel/logger.js';
import { settleQuietly } from '../../kernel/promises.js';
import type { AttachedRuntime } from './attached.js';
import type { ActivityContext } from './context.js';

/** The input of an interceptor for one attempt. */
export interface ExecuteInput {
  /** The context of the attempt. You may call `next` with a context that wraps it. */
  readonly context: ActivityContext;
  /** The function's arguments after `ctx`. */
  readonly args: readonly unknown[];
}

/** The input of `capture` for one activity. */
export interface CaptureInfo {
  /** The id that the caller gave; `undefined` if one will be generated. */
  readonly activityId: string | undefined;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
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
  /**
   * Keeps something of a call. It runs inside `run` or `start`, unless the call joins an open
   * activity. It returns a function through which every attempt of the activity is called, outside
   * of every `execute`: so a queued or retried attempt can run in the context of its own caller. If
   * it throws, the call is refused.
   */
  readonly capture?: ((info: CaptureInfo) => (attempt: () => unknown) => unknown) | undefined;
  /**
   * Adds to the attributes of a line of `ctx.log`: it returns those to write. If it throws, the error
   * is logged and the line is written as it was.
   */
  readonly log?: ((attributes: LogAttributes) => LogAttributes) | undefined;
  /**
   * Prepares the interceptor for a runtime. Each runtime calls it once, when it is made, and uses
   * the interceptor that it returns. With it an interceptor can listen to the events of the runtime.
   */
  readonly attach?: ((runtime: AttachedRuntime) => ActivityInterceptor) | undefined;
}

/** The interceptors of a runtime as functions, which are undefined if no interceptor has them. */
export interface Interceptors {
  readonly execute:
    ((input: ExecuteInput, run: (input: ExecuteInput) => unknown) => unknown) | undefined;
  readonly heartbeat:
    | ((details: unknown, beat: (details: unknown) => void, context: ActivityContext) => void)
    | undefined;
  readonly capture?: ((info: CaptureInfo) => Captured) | undefined;
  readonly log?: ((attributes: LogAttributes) => LogAttributes) | undefined;
}

/** Calls an attempt in what was captured for its activity. */
type Captured = (attempt: () => unknown) => unknown;

export function compose(interceptors: readonly ActivityInterceptor[]): Interceptors {
  const executing = interceptors.filter((one) => one.execute !== undefined);
  const capturing = interceptors.filter((one) => one.capture !== undefined);
  const logging = interceptors.filter((one) => one.log !== undefined);
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
    log:
      logging.length === 0
        ? undefined
        : (line) => logging.reduce((attributes, one) => one.log?.(attributes) ?? attributes, line),
    capture:
      capturing.length === 0
        ? undefined
        : (info) => {
            const all = capturing.map((one) => checked(one.capture?.(info)));
            return (attempt) =>
              all.reduceRight<() => unknown>((next, one) => () => one(next), attempt)();
          },
  };
}

function checked(captured: unknown): Captured {
  if (typeof captured === 'function') return captured as Captured;
  throw badOption('the result of capture', captured, 'a function that calls the attempt');
}

/** The interceptors of one activity, whose attempts are called in what was captured for it. */
export function runIn(
  captured: Captured,
  { execute = (input, run) => run(input), heartbeat, log }: Interceptors,
): Interceptors {
  return { execute: (input, run) => captured(() => execute(input, run)), heartbeat, log };
}

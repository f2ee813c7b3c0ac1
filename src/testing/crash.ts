/** Checks that an activity survives a crash at any of its heartbeats. */
import { ActivityFailure } from '../kernel/failures.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { RunParameters } from '../runtime/runtime.js';
import type { TestEnvironmentOptions } from './environment-options.js';
import { TestActivityEnvironment } from './environment.js';
import { timeline } from './timeline.js';

/** What became of an activity that was resumed after a crash. */
export interface CrashOutcome<Result, Details> {
  /** The number of the heartbeat at which the program crashed, from 1. */
  readonly heartbeat: number;
  /** The details that the resumed activity was given; `undefined` if there were none. */
  readonly heartbeatDetails: Details | undefined;
  /** The result of the resumed activity; `undefined` if it failed. */
  readonly result: Result | undefined;
  /** The failure of the resumed activity; `undefined` if it completed. */
  readonly error: ActivityFailure | undefined;
  /** The environment in which the activity was resumed. */
  readonly environment: TestActivityEnvironment;
}

/**
 * Runs an activity once for each of its heartbeats. Each time the program crashes at that heartbeat,
 * and another one resumes the activity from its details (with `semantics: 'temporal'`, from the last
 * ones that reached the server). Then `check` looks at the outcome: all the work should be done, and
 * none of it twice.
 *
 * At the crash `ctx.signal` aborts, and every later heartbeat throws. Code that watches neither of
 * them keeps running, because nothing can stop it.
 *
 * The function runs up to its crash and then again. So what it works on must be fresh for each
 * heartbeat: let `options` be a function that makes it, or restore it in `check`.
 *
 * @param options the options of the call, or a function that makes them for a heartbeat
 * @param check an assertion; its error gets the heartbeat and the timeline added to its message
 * @returns the number of heartbeats, which is the number of crashes; heartbeats of retries count
 * @throws Error (as a rejection) if the activity makes no heartbeat, or fails without a crash
 */
export async function crashAtEveryHeartbeat<A extends unknown[], R, D = unknown>(
  fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
  options: RunParameters<A>[0] | ((heartbeat: number) => RunParameters<A>[0]),
  check: (outcome: CrashOutcome<Awaited<R>, D>) => unknown,
  environment: TestEnvironmentOptions = {},
): Promise<number> {
  for (let heartbeat = 1; ; heartbeat++) {
    const call = typeof options === 'function' ? options(heartbeat) : options;
    const crash = new Error(`the program crashed at heartbeat ${heartbeat}`);
    const first = new TestActivityEnvironment(environment);
    first.crashOnHeartbeat(heartbeat, crash);
    const parameters = [call] as unknown as RunParameters<A>;
    const handle = first.start(fn, ...parameters);
    const crashed = await handle.result().then(
      () => false,
      (failure: unknown) => {
        if (failure instanceof ActivityFailure && failure.cause === crash) return true;
        throw failure; // the activity fails without a crash
      },
    );
    if (!crashed) {
      if (heartbeat > 1) return heartbeat - 1;
      throw new Error('crashAtEveryHeartbeat: the activity never called ctx.heartbeat()');
    }
    const second = new TestActivityEnvironment(environment);
    second.setHeartbeatDetails(handle.describe().heartbeatDetails);
    await checked(heartbeat, second, async () => {
      const outcome = await second.run(fn, ...parameters).then(
        (result) => ({ result, error: undefined }),
        (error: unknown) => ({ result: undefined, error: error as ActivityFailure }),
      );
      const heartbeatDetails = second.attempts[0]?.heartbeatDetails as D | undefined;
      await check({ heartbeat, heartbeatDetails, ...outcome, environment: second });
    });
  }
}

async function checked(
  heartbeat: number,
  environment: TestActivityEnvironment,
  check: () => Promise<void>,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (error instanceof Error) {
      error.message = `after a crash at heartbeat ${heartbeat}: ${error.message}\n\n${timeline(environment)}`;
    }
    throw error;
  }
}

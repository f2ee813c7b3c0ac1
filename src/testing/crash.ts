/** Whether an activity survives a crash, wherever it comes. */
import { ActivityFailure } from '../kernel/failures.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { RunParameters } from '../runtime/runtime.js';
import { TestActivityEnvironment, type TestEnvironmentOptions } from './environment.js';
import { timeline } from './timeline.js';

/** What became of an activity that was resumed after a crash. */
export interface CrashOutcome<Result, Details> {
  /** At which heartbeat the program ended, from 1. */
  readonly heartbeat: number;
  /** What the resumed activity was given. */
  readonly heartbeatDetails: Details | undefined;
  /** Undefined if it failed. */
  readonly result: Result | undefined;
  /** Undefined if it completed. */
  readonly error: ActivityFailure | undefined;
  /** In which it was resumed. */
  readonly environment: TestActivityEnvironment;
}

/**
 * Runs an activity once for each of its heartbeats: the program ends right there, and another one
 * resumes the activity from these details; under `semantics: 'temporal'` from the last ones that got
 * to the server. `check` then looks at the outcome: is all the work done,
 * and none of it twice?
 *
 * At the crash `ctx.signal` aborts and every later heartbeat throws; code that heeds neither goes on
 * working, as nothing can stop it.
 *
 * The function runs to its crash and then anew, so what it works on must be new for each heartbeat:
 * give `options` as a function that makes it, or put it back in `check`.
 *
 * @param options of the call; or a function of the heartbeat that returns them
 * @param check an assertion; what it throws is thrown on, with the heartbeat and the timeline
 * @returns how many heartbeats, and so crashes, there were: those of retries count too
 * @throws Error (as a rejection) if the activity makes no heartbeat; or what it fails with without
 * a crash
 */
export async function crashAtEveryHeartbeat<A extends unknown[], R, D = unknown>(
  fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
  options: RunParameters<A>[0] | ((heartbeat: number) => RunParameters<A>[0]),
  check: (outcome: CrashOutcome<Awaited<R>, D>) => unknown,
  environment: TestEnvironmentOptions = {},
): Promise<number> {
  for (let heartbeat = 1; ; heartbeat++) {
    const call = typeof options === 'function' ? options(heartbeat) : options;
    const crash = new Error(`the program ended at heartbeat ${heartbeat}`);
    const first = new TestActivityEnvironment(environment);
    first.crashOnHeartbeat(heartbeat, crash);
    const parameters = [call] as unknown as RunParameters<A>;
    const handle = first.start(fn, ...parameters);
    const crashed = await handle.result().then(
      () => false,
      (failure: unknown) => {
        if (failure instanceof ActivityFailure && failure.cause === crash) return true;
        throw failure; // it fails without a crash too
      },
    );
    if (!crashed) {
      if (heartbeat > 1) return heartbeat - 1;
      throw new Error('crashAtEveryHeartbeat: the activity made no heartbeat to crash at');
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

/**
 * systole/testing/matchers: assertions about a test environment, for Vitest and Jest. The import
 * registers them. Where `expect` is not global, as with `@jest/globals`, call
 * `expect.extend(matchers)`.
 *
 * @example
 * import 'systole/testing/matchers';
 *
 * expect(env).toHaveHeartbeat({ line: 3 });
 * expect(env).toHaveRetried(2);
 * expect(env).toFailWith({ timeoutType: 'HEARTBEAT' });
 */
import { ApplicationFailure, TimeoutFailure, type TimeoutType } from '../kernel/failures.js';
import { isNamed, said } from '../kernel/thrown.js';
import { show } from '../kernel/bad-input.js';
import type { TestActivityEnvironment } from './environment.js';
import { shown } from '../timeline/shown.js';
import { timeline } from './timeline.js';

/** How an activity should have failed. Give `type`, `timeoutType` or both. */
export interface ExpectedFailure {
  /** The `type` of an `ApplicationFailure`, or the name or class of any other error. */
  readonly type?: string | undefined;
  /** The `timeoutType` of a `TimeoutFailure`. */
  readonly timeoutType?: TimeoutType | undefined;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Jest and Vitest are extended this way
  namespace jest {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- the parameters must be theirs
    interface Matchers<R, T = {}> {
      /** A heartbeat of any attempt had these details. Asymmetric matchers work too. */
      toHaveHeartbeat(details?: unknown): R;
      /** The number of attempts beyond the first of each activity. */
      toHaveRetried(times: number): R;
      /** An activity failed for good with this failure. */
      toFailWith(expected: ExpectedFailure): R;
    }
  }
}

/** What Vitest and Jest give their matchers as `this`. */
interface MatcherState {
  readonly isNot?: boolean | undefined;
  equals(this: void, a: unknown, b: unknown, testers?: readonly unknown[]): boolean;
  /** The testers of `expect.addEqualityTesters`; older versions of the frameworks have none. */
  readonly customTesters?: readonly unknown[] | undefined;
  readonly utils?: { readonly iterableEquality?: unknown } | undefined;
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matchers, in the form that `expect.extend` takes. */
export const matchers = {
  toHaveHeartbeat(this: MatcherState, received: unknown, details?: unknown): Verdict {
    const env = environment('toHaveHeartbeat', received);
    const pass = env.heartbeats.some((one) => this.equals(one, details, testersOf(this)));
    return verdict(this, env, pass, `have a heartbeat with details ${shown(details)}`);
  },

  toHaveRetried(this: MatcherState, received: unknown, times: number): Verdict {
    const env = environment('toHaveRetried', received);
    const retries = retriesOf(env);
    return verdict(
      this,
      env,
      retries === times,
      `have a retry count of ${times}, but it was ${retries}`,
    );
  },

  toFailWith(this: MatcherState, received: unknown, expected: ExpectedFailure): Verdict {
    const env = environment('toFailWith', received);
    if (expected.type === undefined && expected.timeoutType === undefined) {
      throw new TypeError(
        `toFailWith: received ${shown(expected)}; expected { type } or { timeoutType }`,
      );
    }
    const failures = env.events.flatMap((event) =>
      event.name === 'failed' ? [event.failure] : [],
    );
    const found = failures.length === 0 ? 'no activity failed' : failures.map(named).join(', ');
    return verdict(
      this,
      env,
      failures.some((failure) => isAsExpected(failure, expected)),
      `have a failure with ${shown(expected)}; found: ${found}`,
    );
  },
};

/** The testers of `toEqual`. Without the one for iterables, all Maps would be equal, and all Sets. */
function testersOf({ customTesters = [], utils }: MatcherState): readonly unknown[] {
  const iterables = utils?.iterableEquality;
  return iterables === undefined ? customTesters : [...customTesters, iterables];
}

/** Counts events, because an id may be run again and a reset repeats attempt numbers. */
function retriesOf({ events }: TestActivityEnvironment): number {
  const unstarted = new Set<string>();
  let retries = 0;
  for (const { name, activityId } of events) {
    if (name === 'scheduled') unstarted.add(activityId);
    if (name === 'started' && !unstarted.delete(activityId)) retries++;
  }
  return retries;
}

function environment(matcher: string, received: unknown): TestActivityEnvironment {
  // Checked by its shape, because it may come from another copy of the package.
  if (typeof received === 'object' && received !== null && 'heartbeats' in received) {
    return received as TestActivityEnvironment;
  }
  throw new TypeError(`${matcher}: received ${show(received)}; expected a TestActivityEnvironment`);
}

function verdict(
  { isNot }: MatcherState,
  env: TestActivityEnvironment,
  pass: boolean,
  expected: string,
): Verdict {
  const not = isNot === true ? 'not ' : '';
  const message = (): string => `expected env ${not}to ${expected}\n\n${timeline(env)}`;
  return { pass, message };
}

function isAsExpected(failure: Error, { type, timeoutType }: ExpectedFailure): boolean {
  if (timeoutType !== undefined) {
    if (!(failure instanceof TimeoutFailure) || failure.timeoutType !== timeoutType) return false;
  }
  return type === undefined || isNamed(failure, type);
}

function named(failure: Error): string {
  if (failure instanceof TimeoutFailure) return `a ${failure.timeoutType} timeout`;
  return failure instanceof ApplicationFailure && failure.type !== undefined
    ? `${failure.type}: ${failure.message}`
    : said(failure);
}

interface Expect {
  extend(matchers: object): void;
}

/** Jest's `expect` is the global of that name; Vitest's is under a symbol. */
function frameworksExpect(): Expect | undefined {
  const holder = globalThis as unknown as Record<PropertyKey, Partial<Expect> | undefined>;
  const candidates = [holder[Symbol.for('expect-global')], holder['expect']];
  return candidates.find((one) => typeof one?.extend === 'function') as Expect | undefined;
}

frameworksExpect()?.extend(matchers);

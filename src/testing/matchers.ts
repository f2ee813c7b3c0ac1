/**
 * systole/testing/matchers: assertions on a test environment, for Vitest and Jest. Importing it
 * registers them; where `expect` is no global of the framework, as with `@jest/globals`,
 * `expect.extend(matchers)` does.
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
import { shown } from './shown.js';
import { timeline } from './timeline.js';

/** How an activity should have failed: one of the two, or both. */
export interface ExpectedFailure {
  /** The `type` of an `ApplicationFailure`, or the name or class of any other error. */
  readonly type?: string | undefined;
  readonly timeoutType?: TimeoutType | undefined;
}

declare global {
  // Vitest's assertions extend this interface too.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace jest {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type
    interface Matchers<R, T = {}> {
      /** A heartbeat of any attempt had these details: equal, or matched by an asymmetric matcher. */
      toHaveHeartbeat(details?: unknown): R;
      /** So many attempts were made beyond the first of each activity. */
      toHaveRetried(times: number): R;
      /** An activity failed for good, and so. */
      toFailWith(expected: ExpectedFailure): R;
    }
  }
}

/** What a framework gives its matchers. */
interface MatcherState {
  readonly isNot?: boolean | undefined;
  equals(this: void, a: unknown, b: unknown, testers?: readonly unknown[]): boolean;
  /** Those of `expect.addEqualityTesters`; older versions of the frameworks have none. */
  readonly customTesters?: readonly unknown[] | undefined;
  readonly utils?: { readonly iterableEquality?: unknown } | undefined;
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `expect.extend`. */
export const matchers = {
  toHaveHeartbeat(this: MatcherState, received: unknown, details?: unknown): Verdict {
    const env = environment('toHaveHeartbeat', received);
    const pass = env.heartbeats.some((one) => this.equals(one, details, testersOf(this)));
    return verdict(this, env, pass, (not) => `a heartbeat${not} of ${shown(details)}`);
  },

  toHaveRetried(this: MatcherState, received: unknown, times: number): Verdict {
    const env = environment('toHaveRetried', received);
    const retries = retriesOf(env);
    return verdict(
      this,
      env,
      retries === times,
      (not) => `retries${not}: ${times}, and there were ${retries}`,
    );
  },

  toFailWith(this: MatcherState, received: unknown, expected: ExpectedFailure): Verdict {
    const env = environment('toFailWith', received);
    if (expected.type === undefined && expected.timeoutType === undefined) {
      throw new TypeError('toFailWith: expected { type } or { timeoutType }');
    }
    const failures = env.events.flatMap((event) =>
      event.name === 'failed' ? [event.failure] : [],
    );
    return verdict(
      this,
      env,
      failures.some((failure) => isAsExpected(failure, expected)),
      (not) =>
        `a failure${not} with ${shown(expected)}, and ` +
        (failures.length === 0 ? 'nothing has failed' : `it was ${failures.map(named).join(', ')}`),
    );
  },
};

/** As of `toEqual`: without the one for iterables, any two Maps are equal, and any two Sets. */
function testersOf({ customTesters = [], utils }: MatcherState): readonly unknown[] {
  const iterables = utils?.iterableEquality;
  return iterables === undefined ? customTesters : [...customTesters, iterables];
}

/** By events: the same id may be run again, and an attempt number may come again by a reset. */
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
  // By shape: the environment may be that of another copy of the package.
  if (typeof received === 'object' && received !== null && 'heartbeats' in received) {
    return received as TestActivityEnvironment;
  }
  throw new TypeError(`${matcher}: received ${show(received)}; expected a TestActivityEnvironment`);
}

function verdict(
  { isNot }: MatcherState,
  env: TestActivityEnvironment,
  pass: boolean,
  expected: (not: string) => string,
): Verdict {
  const message = (): string =>
    `expected ${expected(isNot === true ? ' not to be' : '')}\n\n${timeline(env)}`;
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

/** Jest's is a global of its own name, Vitest's under a symbol. */
function frameworksExpect(): Expect | undefined {
  const holder = globalThis as unknown as Record<PropertyKey, Partial<Expect> | undefined>;
  const candidates = [holder[Symbol.for('expect-global')], holder['expect']];
  return candidates.find((one) => typeof one?.extend === 'function') as Expect | undefined;
}

frameworksExpect()?.extend(matchers);

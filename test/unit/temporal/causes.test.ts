/** Chains of causes that are endless or too long for a worker. */
import * as temporal from '@temporalio/activity';
import {
  DefaultFailureConverter,
  defaultPayloadConverter,
  ensureApplicationFailure,
  TemporalFailure,
} from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import type { ActivityFailure } from 'systole';
import { ApplicationFailure } from 'systole';
import { fromTemporal } from 'systole/temporal';
import { toTemporalFailure } from '../../../src/temporal/to-temporal-failure.js';
import { Harness } from '../../support/harness.js';

const TOO_DEEP = 20_000;
/** A worker could report 95 causes, and crashed with 100. */
const DEEP_ENOUGH = 50;

type Make = (message: string, cause: Error | undefined) => Error;

const kinds: readonly (readonly [string, Make])[] = [
  ['plain errors', (message, cause) => new Error(message, cause && { cause })],
  [
    'failures of systole’s',
    (message, cause) =>
      new ApplicationFailure(message, { nonRetryable: true, ...(cause && { cause }) }),
  ],
  [
    'failures of Temporal’s',
    (message, cause) =>
      temporal.ApplicationFailure.create({ message, nonRetryable: true, ...(cause && { cause }) }),
  ],
];

function chain(make: Make, depth: number): Error {
  let error = make('root', undefined);
  for (let level = 1; level < depth; level++) error = make(`level ${level}`, error);
  return error;
}

function cycle(make: Make): Error {
  const root = make('root', undefined);
  const top = make('top', make('middle', root));
  Object.defineProperty(root, 'cause', { value: top });
  return top;
}

function withUnreadableCause(make: Make): Error {
  const get = (): never => {
    throw new Error('not to be looked at');
  };
  return make('top', Object.defineProperty(make('below', undefined), 'cause', { get }));
}

function depthOf(failure: { cause?: unknown } | null | undefined): number {
  let depth = 0;
  for (let one = failure; one; one = one.cause as typeof failure) depth += 1;
  return depth;
}

describe.each(kinds)('causes for a worker: %s', (_, make) => {
  /**
   * What the worker reports to the server, which it makes by following the causes of the failure.
   */
  function encoded(error: Error) {
    const thrown = toTemporalFailure(error);
    const failure = thrown instanceof TemporalFailure ? thrown : ensureApplicationFailure(thrown);
    return new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter);
  }

  test('a cycle is cut where it closes', () => {
    const failure = encoded(cycle(make));
    expect(failure).toMatchObject({ message: 'top', cause: { message: 'middle' } });
    expect(depthOf(failure)).toBe(3);
  });

  test('a long chain is cut at the depth that a worker can report', () => {
    const failure = encoded(chain(make, TOO_DEEP));
    expect(failure.message).toBe(`level ${TOO_DEEP - 1}`);
    expect(depthOf(failure)).toBe(DEEP_ENOUGH);
  });

  test('a chain that is not too long is kept', () => {
    expect(depthOf(encoded(chain(make, DEEP_ENOUGH)))).toBe(DEEP_ENOUGH);
  });

  test('an unreadable cause is left out', () => {
    expect(depthOf(encoded(withUnreadableCause(make)))).toBe(2);
  });

  test('the original error is not changed', () => {
    const error = cycle(make);
    toTemporalFailure(error);
    expect((error.cause as Error).message).toBe('middle');
    expect(((error.cause as Error).cause as Error).cause).toBe(error);
  });
});

describe('a Temporal activity that fails for good', () => {
  const make = kinds[2]![1];

  test.each<[string, () => Error, depth: number]>([
    ['a cycle of causes', () => cycle(make), 3],
    ['a long chain of causes', () => chain(make, TOO_DEEP), DEEP_ENOUGH],
    ['a cause that cannot be read', () => withUnreadableCause(make), 2],
  ])('runs once, with %s', async (_, failure, depth) => {
    const t = new Harness();
    let charges = 0;
    async function charge(): Promise<never> {
      charges += 1;
      throw failure();
    }
    const run = t.watch(t.run(fromTemporal(charge)));
    await t.advance(10_000);
    expect(charges).toBe(1);
    const { error } = run.outcome as unknown as { error: ActivityFailure };
    expect(error).toMatchObject({ retryState: 'NON_RETRYABLE_FAILURE' });
    expect(error.cause).toBeInstanceOf(ApplicationFailure);
    expect(depthOf(error.cause as Error)).toBe(depth);
  });
});

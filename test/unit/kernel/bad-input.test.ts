import { describe, expect, test } from 'vitest';
import {
  badOption,
  checkNames,
  hints,
  show,
  type OptionNames,
} from '../../../src/kernel/bad-input.js';
import { ActivityRuntime, runActivity } from '../../../src/index.js';

const NAMES: OptionNames = {
  of: 'Options',
  example: '{ id: 1 }',
  known: ['heartbeatTimeout', 'startDelay', 'signal', 'id'],
  elsewhere: (name) => hints({ timeout: 'startToCloseTimeout', toString: 'nothing' }, name),
};

const refusal = (options: object): string => {
  try {
    checkNames(options, NAMES);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  return 'taken';
};

describe('an unknown name', () => {
  test('near a known one suggests that', () => {
    for (const [name, near] of [
      ['heartbeatTimout', 'heartbeatTimeout'],
      ['heartbeattimeout', 'heartbeatTimeout'],
      ['heartBeatTimeouts', 'heartbeatTimeout'],
      ['HEARTBEATTIMEOUT', 'heartbeatTimeout'],
      ['start_delay', 'startDelay'],
      ['signall', 'signal'],
      ['ID', 'id'],
    ]) {
      expect(refusal({ [name!]: 1 })).toBe(
        `Options has no option "${name}"; did you mean "${near}"?`,
      );
    }
  });

  test('near no known one lists them all', () => {
    expect(refusal({ completelyDifferent: 1 })).toBe(
      'Options has no option "completelyDifferent"; known options: heartbeatTimeout, startDelay, signal, id',
    );
  });

  test('from another library says what to use here', () => {
    expect(refusal({ timeout: 1 })).toBe(
      'Options has no option "timeout"; here it is startToCloseTimeout',
    );
    expect(refusal({ toString: 1 })).toContain('here it is nothing');
  });

  test('that every object has is not taken for one from another library', () => {
    for (const name of ['constructor', 'hasOwnProperty', '__proto__', 'valueOf']) {
      const options = Object.defineProperty({}, name, { value: 1, enumerable: true });
      expect(refusal(options)).toContain(`Options has no option "${name}"; `);
      expect(refusal(options)).not.toContain('here it is');
    }
  });

  test('that is very long is refused quickly and shortened', () => {
    const message = refusal({ ['x'.repeat(1e6)]: 1 });
    expect(message.length).toBeLessThan(250);
    expect(message).toContain('xxx...');
  });

  test('is refused even if it is inherited or undefined, because it was meant', () => {
    expect(refusal(Object.create({ wrong: 1 }) as object)).toContain('"wrong"');
    expect(refusal({ wrong: undefined })).toContain('"wrong"');
  });

  test('is not a known name that is inherited or undefined', () => {
    expect(refusal({ heartbeatTimeout: 1, id: undefined })).toBe('taken');
    expect(refusal(Object.create({ id: 1 }) as object)).toBe('taken');
    expect(refusal({})).toBe('taken');
  });
});

describe('the refusal of an option', () => {
  test.each([
    ['retry', 'retryPolicy'],
    ['retries', 'retryPolicy.maximumAttempts (the first one counts too)'],
    ['timeout', 'startToCloseTimeout for one attempt, scheduleToCloseTimeout for all of them'],
    ['concurrency', 'maxConcurrentActivities, an option of ActivityRuntime'],
    ['taskQueue', 'not needed in one process'],
  ])('of a call says what to use instead of %s', async (name, hint) => {
    await expect(runActivity(() => 1, { [name]: 5 })).rejects.toThrow(
      new TypeError(`ActivityOptions has no option "${name}"; here it is ${hint}`),
    );
  });

  test('of a runtime says what to use instead of concurrency', () => {
    expect(() => new ActivityRuntime({ concurrency: 5 } as object)).toThrow(
      new TypeError(
        'ActivityRuntime has no option "concurrency"; here it is maxConcurrentActivities, an option of ActivityRuntime',
      ),
    );
  });

  test.each(['args', 'activityId', 'signal'])(
    'says that %s belongs to each call, not to the defaults',
    (name) => {
      expect(() => new ActivityRuntime({ defaults: { [name]: undefined } })).toThrow(
        new TypeError(
          `defaults has no option "${name}"; here it is an option of each call, not a default`,
        ),
      );
    },
  );

  test('suggests the right name for a misspelt one, in each set of options', async () => {
    await expect(runActivity(() => 1, { heartbeatTimout: 5 } as object)).rejects.toThrow(
      'did you mean "heartbeatTimeout"?',
    );
    await expect(
      runActivity(() => 1, { retryPolicy: { maxAttempts: 5 } } as object),
    ).rejects.toThrow('here it is retryPolicy.maximumAttempts');
    expect(() => new ActivityRuntime({ stores: new Map() } as object)).toThrow(
      'did you mean "store"?',
    );
    expect(() => new ActivityRuntime({ defaults: { priorty: 1 } } as object)).toThrow(
      'did you mean "priority"?',
    );
  });
});

describe('a value as a message shows it', () => {
  const revoked = (target: object): object => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  class Row {
    readonly id = 1;
  }

  test.each<[unknown, string]>([
    ['', '""'],
    ['a "b"\n', '"a \\"b\\"\\n"'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['x'.repeat(61), `"${'x'.repeat(57)}..."`],
    [5, '5'],
    [NaN, 'NaN'],
    [5n, '5n'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 1, 'a function'],
    [Row, 'function Row'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [[1, 2], 'an array of 2'],
    [new Row(), 'an instance of Row'],
    [new Map(), 'an instance of Map'],
    [new Proxy(new Row(), {}), 'an instance of Row'],
    [Object.create({ constructor: { name: 5 } }), 'an object'],
    [Object.create({ constructor: null }), 'an object'],
  ])('is shown as expected: %#', (value, shown) => {
    expect(show(value)).toBe(shown);
  });

  test('does not break for a revoked proxy, even of a function', () => {
    expect(show(revoked({}))).toBe('an object');
    expect(show(revoked([]))).toBe('an object');
    expect(show(revoked(() => 1))).toBe('a function');
  });

  test.each([
    [
      'a class whose name throws',
      Object.defineProperty(
        class Row {
          readonly id = 1;
        },
        'name',
        {
          get() {
            throw new Error('name');
          },
        },
      ),
    ],
    [
      'a function whose name is a symbol',
      Object.defineProperty(() => 1, 'name', { value: Symbol('name') }),
    ],
  ])('does not break for %s', (_, value) => {
    expect(show(value)).toMatch(/function/);
    expect(badOption('priority', value, 'a number').message).toMatch(/^priority: received /);
  });
});

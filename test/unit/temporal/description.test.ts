import type { ActivityExecutionDescription } from '@temporalio/client';
import { expect, test } from 'vitest';
import { descriptionOf } from '../../../src/temporal/description.js';
import { DEFAULT_POLICY } from '../../support/policy.js';

/** The options that are shown if the server describes an activity with these fields. */
async function optionsOf(fields: object): Promise<object> {
  const from = {
    priority: {},
    getHeartbeatDetails: async () => undefined,
    getLastFailure: async () => undefined,
    ...fields,
  };
  const clientSide = { cancellationType: 'ABANDON' } as const;
  const shown = await descriptionOf(from as unknown as ActivityExecutionDescription, clientSide);
  return shown.options;
}

test.each([
  [{}],
  [{ heartbeatTimeoutMs: 0, scheduleToCloseTimeoutMs: 0, startDelayMs: 0 }],
  [{ retryPolicy: {}, priority: { priorityKey: 0 } }],
])(
  'a description shows the defaults of all options that the server does not give: %j',
  async (fields) => {
    expect(await optionsOf(fields)).toEqual({
      heartbeatTimeout: undefined,
      startToCloseTimeout: undefined,
      scheduleToStartTimeout: undefined,
      scheduleToCloseTimeout: undefined,
      progressTimeout: undefined,
      startDelay: 0,
      retryPolicy: DEFAULT_POLICY,
      cancellationType: 'ABANDON',
      priority: 3,
      concurrencyKey: undefined,
    });
  },
);

test('a description shows the options that the server gives', async () => {
  const described = {
    heartbeatTimeoutMs: 1,
    startToCloseTimeoutMs: 2,
    scheduleToStartTimeoutMs: 3,
    scheduleToCloseTimeoutMs: 4,
    startDelayMs: 5,
    retryPolicy: { maximumAttempts: 7, initialInterval: '2s' },
    priority: { priorityKey: 1 },
  };
  const options = await optionsOf(described);
  expect(options).toEqual({
    heartbeatTimeout: 1,
    startToCloseTimeout: 2,
    scheduleToStartTimeout: 3,
    scheduleToCloseTimeout: 4,
    progressTimeout: undefined,
    startDelay: 5,
    retryPolicy: {
      ...DEFAULT_POLICY,
      initialInterval: 2_000,
      maximumInterval: 200_000,
      maximumAttempts: 7,
    },
    cancellationType: 'ABANDON',
    priority: 1,
    concurrencyKey: undefined,
  });
  expect(Object.isFrozen(options)).toBe(true);
});

/**
 * What every door must make the same of. Each scenario is run through all of them; what Temporal
 * itself makes of it, with a native activity, is what the others are compared with, and what
 * `differs` says is the only way in which they may be different.
 */
import { expect } from 'vitest';
import type { ActivityOptions } from 'systole';
import type { RowName } from './differences.js';
import type { Door, DoorName, StartOptions, Steered } from './doors.js';
import type { PlainFailure } from './outcome.js';
import type { Script, Thrown } from './script.js';
import type { Recorder } from './trace.js';

export interface Scenario {
  readonly name: string;
  readonly script: Script;
  readonly options?: ActivityOptions;
  /** Where there are workers; `nobody` has none, and no free slot. Default `fast`. */
  readonly queue?: 'fast' | 'throttled' | 'nobody';
  /** What happens to the activity while it runs. */
  readonly drive?: (driven: Driven) => Promise<void>;
  /** How it must end on Temporal, so that every scenario tests something. */
  readonly ends: 'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED';
  /** Whether the delays are compared although the driver may cut them short. */
  readonly intervals?: true;
  /** The caller's part is systole's own: on Temporal alone there is nothing to compare it with. */
  readonly callersOwn?: boolean;
  readonly differs?: readonly Difference[];
}

export interface Driven {
  readonly door: Door;
  readonly handle: Steered;
  readonly recorder: Recorder;
  readonly options: StartOptions;
  /** Waits until the description of the activity is as expected. */
  readonly until: (what: Partial<Awaited<ReturnType<Steered['describe']>>>) => Promise<void>;
  /** Records whether the operation was refused, and how. */
  readonly note: (name: string, operation: Promise<unknown>) => Promise<void>;
}

/** At `path` of the trace, systole has `here` where Temporal has `there`. */
export interface Difference {
  readonly row: RowName;
  /** Default: both doors to systole. */
  readonly doors?: readonly DoorName[];
  readonly path: string;
  readonly there: unknown;
  readonly here: unknown;
}

const EVERYWHERE: readonly DoorName[] = ['toTemporal', 'systole', 'fromTemporal'];
const QUICK = { initialInterval: 20, maximumInterval: 50 };
const ONCE = { maximumAttempts: 1 };
const boom: Thrown = { kind: 'application', message: 'boom', type: 'Boom' };
const fail = { throw: boom } as const;
/** What the caller gets. */
const plainBoom = {
  message: 'boom',
  type: 'Boom',
  nonRetryable: false,
  details: [],
  category: undefined,
  nextRetryDelay: undefined,
};

/** Of some fields at one place: what is there, and what is here. */
function atFields(
  row: RowName,
  place: string,
  fields: readonly (readonly [name: string, there: unknown, here: unknown])[],
  doors?: readonly DoorName[],
): readonly Difference[] {
  return fields.map(([name, there, here]) => ({
    row,
    path: `${place}.${name}`,
    there,
    here,
    ...(doors && { doors }),
  }));
}

/** A plain error is the same object here and a copy there. */
function original(message: string, type: string): readonly Difference[] {
  const row = 'original error';
  const at = (field: string, there: unknown, here: unknown): Difference => ({
    row,
    path: `outcome.failed.${field}`,
    there,
    here,
  });
  return [
    at('class', 'ApplicationFailure', 'original'),
    at('nonRetryable', false, undefined),
    at('details', [], undefined),
  ].concat(type === '' ? [at('type', undefined, message)] : []);
}

/** Where Temporal retries, systole's first attempt is the last. */
function failsInstead(row: RowName, failed: PlainFailure): readonly Difference[] {
  return [
    { row, path: 'attempts.1', there: { attempt: 2, details: undefined }, here: undefined },
    { row, path: 'final', there: 'COMPLETED', here: 'FAILED' },
    { row, path: 'outcome.value', there: 'retried', here: undefined },
    { row, path: 'outcome.failed', there: undefined, here: failed },
    { row, path: 'outcome.attempt', there: undefined, here: 1 },
    { row, path: 'outcome.retryState', there: undefined, here: 'NON_RETRYABLE_FAILURE' },
  ];
}

/** The timeout that left no time for another attempt. */
function givenUp(timeoutType: string, lastHeartbeatDetails?: unknown): Difference {
  return {
    row: 'reason for giving up',
    path: 'outcome.failed.cause',
    there: undefined,
    here: {
      class: 'TimeoutFailure',
      message: `activity ${timeoutType === 'HEARTBEAT' ? 'Heartbeat' : 'StartToClose'} timeout`,
      timeoutType,
      lastHeartbeatDetails,
    },
  };
}

const retries: readonly Scenario[] = [
  { name: 'a value', script: [[{ return: { rows: 3 } }]], ends: 'COMPLETED' },
  { name: 'nothing', script: [[]], ends: 'COMPLETED' },
  {
    name: 'values that JSON changes',
    script: [[{ return: new Date(0) }]],
    ends: 'COMPLETED',
    differs: [
      {
        row: 'no copies',
        path: 'outcome.value',
        there: '1970-01-01T00:00:00.000Z',
        here: new Date(0),
      },
    ],
  },
  {
    name: 'intervals that double',
    script: [[fail], [fail], [fail], [{ return: 'at last' }]],
    options: { retryPolicy: { initialInterval: 200 } },
    ends: 'COMPLETED',
  },
  {
    name: 'intervals up to the maximum',
    script: [[fail]],
    options: {
      retryPolicy: { initialInterval: 200, maximumInterval: 500, maximumAttempts: 5 },
    },
    ends: 'FAILED',
  },
  {
    name: 'intervals that stay',
    script: [[fail]],
    options: {
      retryPolicy: { initialInterval: 250, backoffCoefficient: 1, maximumAttempts: 4 },
    },
    ends: 'FAILED',
  },
  {
    name: 'a fractional coefficient',
    script: [[fail]],
    options: {
      retryPolicy: { initialInterval: 220, backoffCoefficient: 1.5, maximumAttempts: 4 },
    },
    ends: 'FAILED',
  },
  {
    name: 'the default policy starts with one second',
    script: [[fail]],
    drive: async ({ handle, until }) => {
      await until({ currentRetryInterval: 1000 });
      await handle.terminate('seen');
    },
    ends: 'TERMINATED',
  },
  {
    name: 'a single attempt',
    script: [[fail]],
    options: { retryPolicy: ONCE },
    ends: 'FAILED',
  },
  {
    name: 'maximumAttempts counts the first',
    script: [[fail]],
    options: { retryPolicy: { ...QUICK, maximumAttempts: 3 } },
    ends: 'FAILED',
  },
  {
    name: 'a non-retryable failure',
    script: [[{ throw: { ...boom, nonRetryable: true, details: [1, { two: 2 }] } as Thrown }]],
    ends: 'FAILED',
  },
  {
    name: 'a type that the policy lists',
    script: [[fail]],
    options: { retryPolicy: { nonRetryableErrorTypes: ['Other', 'Boom'] } },
    ends: 'FAILED',
  },
  {
    name: 'types are compared exactly',
    script: [[fail]],
    options: {
      retryPolicy: { ...QUICK, maximumAttempts: 2, nonRetryableErrorTypes: ['boom', 'Boo'] },
    },
    ends: 'FAILED',
  },
  {
    name: 'a plain error’s type is its class',
    script: [[{ throw: { kind: 'TypeError', message: 'bad' } }]],
    options: { retryPolicy: { nonRetryableErrorTypes: ['TypeError'] } },
    ends: 'FAILED',
    differs: original('bad', 'TypeError'),
  },
  {
    name: 'the type of every plain Error is Error',
    script: [[{ throw: { kind: 'Error', message: 'bad' } }]],
    options: { retryPolicy: { nonRetryableErrorTypes: ['Error'] } },
    ends: 'FAILED',
    differs: original('bad', 'Error'),
  },
  {
    name: 'a plain error is retried',
    script: [[{ throw: { kind: 'TypeError', message: 'bad' } }]],
    options: { retryPolicy: { ...QUICK, maximumAttempts: 2 } },
    ends: 'FAILED',
    differs: original('bad', 'TypeError'),
  },
  {
    name: 'an error with its own name',
    script: [
      [{ throw: { kind: 'Error', message: 'bad', name: 'Custom' } }],
      [{ return: 'retried' }],
    ],
    options: { retryPolicy: { ...QUICK, nonRetryableErrorTypes: ['Custom'] } },
    ends: 'COMPLETED',
    differs: failsInstead('own name', { class: 'original', message: 'bad', type: 'Error' }),
  },
  {
    name: 'a failure without a type is not of type Error',
    script: [[{ throw: { kind: 'application', message: 'bad' } }]],
    options: {
      retryPolicy: { ...QUICK, maximumAttempts: 2, nonRetryableErrorTypes: ['Error'] },
    },
    ends: 'FAILED',
  },
  {
    name: 'a failure without a type, and its class in the list',
    script: [[{ throw: { kind: 'application', message: 'bad' } }], [{ return: 'retried' }]],
    options: { retryPolicy: { ...QUICK, nonRetryableErrorTypes: ['ApplicationFailure'] } },
    ends: 'COMPLETED',
    differs: failsInstead('no type', {
      class: 'ApplicationFailure',
      message: 'bad',
      type: undefined,
      nonRetryable: false,
      details: [],
      category: undefined,
    }),
  },
  {
    name: 'nextRetryDelay exceeds the maximum once',
    script: [
      [{ throw: { ...boom, nextRetryDelay: 500 } as Thrown }],
      [fail],
      [{ return: 'at last' }],
    ],
    options: { retryPolicy: { initialInterval: 150, maximumInterval: 250 } },
    ends: 'COMPLETED',
  },
  {
    name: 'nextRetryDelay adds no attempt',
    script: [[{ throw: { ...boom, nextRetryDelay: 50 } as Thrown }]],
    options: { retryPolicy: { maximumAttempts: 1 } },
    ends: 'FAILED',
    differs: [
      {
        row: 'nextRetryDelay and the caller',
        path: 'outcome.failed.nextRetryDelay',
        there: undefined,
        here: 50,
      },
    ],
  },
  {
    name: 'nextRetryDelay of 0',
    script: [[{ throw: { ...boom, nextRetryDelay: 0 } as Thrown }], [{ return: 'at last' }]],
    options: { retryPolicy: { initialInterval: 600 } },
    ends: 'COMPLETED',
    differs: [{ row: 'nextRetryDelay 0', path: 'intervals.1', there: 600, here: 0 }],
  },
  {
    name: 'causes',
    script: [
      [
        {
          throw: {
            ...boom,
            nonRetryable: true,
            cause: {
              kind: 'application',
              message: 'below',
              type: 'Below',
              details: ['why'],
              cause: { kind: 'application', message: 'root', type: 'Root' },
            },
          } as Thrown,
        },
      ],
    ],
    ends: 'FAILED',
  },
  {
    name: 'a benign failure',
    script: [[{ throw: { ...boom, category: 'BENIGN' } as Thrown }]],
    options: { retryPolicy: ONCE },
    ends: 'FAILED',
  },
  {
    name: 'a thrown value that is not an error',
    script: [[{ throw: { kind: 'text', text: 'just text' } }]],
    options: { retryPolicy: ONCE },
    ends: 'FAILED',
    differs: [
      {
        row: 'no error',
        path: 'outcome.failed.message',
        there: 'just text',
        here: 'An activity threw "just text", not an Error',
      },
      { row: 'no error', path: 'outcome.failed.details.0', there: undefined, here: 'just text' },
    ],
  },
  {
    name: 'an object with a message is thrown',
    script: [[{ throw: { kind: 'object', message: 'just a message' } }]],
    options: { retryPolicy: ONCE },
    ends: 'FAILED',
    differs: atFields('no error', 'outcome.failed', [
      ['message', 'just a message', expect.stringMatching(/^An activity threw .*, not an Error$/)],
      ['type', 'Object', undefined],
      ['details.0', undefined, { message: 'just a message' }],
    ]),
  },
  {
    name: 'a cancellation without a request',
    script: [[{ throw: { kind: 'cancelled' } }]],
    options: { retryPolicy: { ...QUICK, maximumAttempts: 2 } },
    ends: 'FAILED',
    differs: atFields(
      'original error',
      'outcome.failed',
      [
        ['class', 'ApplicationFailure', 'CancelledFailure'],
        ['nonRetryable', false, undefined],
        ['details', [], undefined],
        ['type', 'CancelledFailure', undefined],
      ],
      ['systole'],
    ),
  },
  {
    name: 'a delay that does not fit before the deadline',
    script: [[fail]],
    options: {
      scheduleToCloseTimeout: '2s',
      retryPolicy: { initialInterval: '1m' },
    },
    ends: 'FAILED',
  },
];

const timeouts: readonly Scenario[] = [
  {
    name: 'startToClose',
    script: [[{ heartbeat: 'kept' }, 'hang']],
    options: { startToCloseTimeout: 1500, retryPolicy: ONCE },
    ends: 'TIMED_OUT',
  },
  {
    name: 'startToClose is retried',
    script: [['hang'], [{ return: 'at last' }]],
    options: { startToCloseTimeout: 1500, retryPolicy: { initialInterval: 150 } },
    ends: 'COMPLETED',
  },
  {
    name: 'startToClose in the list',
    script: [['hang']],
    options: {
      startToCloseTimeout: 1500,
      retryPolicy: { nonRetryableErrorTypes: ['TemporalTimeout:StartToClose'] },
    },
    ends: 'TIMED_OUT',
  },
  {
    name: 'heartbeat, with the last details',
    script: [[{ heartbeat: { row: 7 } }, 'hang']],
    options: { heartbeatTimeout: 1500, retryPolicy: ONCE },
    ends: 'TIMED_OUT',
  },
  {
    name: 'heartbeat, without any',
    script: [['hang']],
    options: { heartbeatTimeout: 1500, retryPolicy: ONCE },
    ends: 'TIMED_OUT',
  },
  {
    name: 'heartbeat is retried, from the last details',
    script: [[{ heartbeat: 1 }, 'hang'], [{ return: 'resumed' }]],
    options: { heartbeatTimeout: 1500, retryPolicy: { initialInterval: 150 } },
    ends: 'COMPLETED',
  },
  {
    name: 'heartbeat in the list',
    script: [['hang']],
    options: {
      heartbeatTimeout: 1500,
      retryPolicy: { nonRetryableErrorTypes: ['TemporalTimeout:Heartbeat'] },
    },
    ends: 'TIMED_OUT',
  },
  {
    name: 'heartbeats keep an attempt alive',
    script: [
      [
        ...Array.from({ length: 8 }, (_, index) => [{ heartbeat: index }, { sleep: 200 }]).flat(),
        { return: 'done' },
      ],
    ],
    options: { heartbeatTimeout: 1500, retryPolicy: ONCE },
    ends: 'COMPLETED',
  },
  {
    name: 'a timeout’s cause is the failure before',
    script: [[fail], ['hang']],
    options: {
      startToCloseTimeout: 1500,
      retryPolicy: { ...QUICK, maximumAttempts: 2 },
    },
    ends: 'TIMED_OUT',
  },
  {
    name: 'a timeout’s cause has none of its own',
    script: [[fail], ['hang']],
    options: {
      startToCloseTimeout: 1500,
      retryPolicy: { ...QUICK, maximumAttempts: 3 },
    },
    ends: 'TIMED_OUT',
  },
  {
    name: 'scheduleToClose during an attempt',
    script: [[{ heartbeat: 'kept' }, 'hang']],
    options: { scheduleToCloseTimeout: 1500, startToCloseTimeout: '5s', retryPolicy: ONCE },
    ends: 'TIMED_OUT',
  },
  {
    name: 'scheduleToClose during a second attempt',
    script: [[{ heartbeat: 'kept' }, fail], ['hang']],
    options: { scheduleToCloseTimeout: 2500, startToCloseTimeout: '5s', retryPolicy: QUICK },
    ends: 'TIMED_OUT',
  },
  {
    name: 'scheduleToClose leaves no time for a retry',
    script: [['hang']],
    options: {
      startToCloseTimeout: 1500,
      scheduleToCloseTimeout: '4s',
      retryPolicy: { initialInterval: '1m' },
    },
    ends: 'TIMED_OUT',
    differs: [givenUp('START_TO_CLOSE')],
  },
  {
    name: 'scheduleToClose leaves no time, after a failure and a timeout',
    script: [[fail], ['hang']],
    options: {
      startToCloseTimeout: 1500,
      scheduleToCloseTimeout: '5s',
      retryPolicy: { initialInterval: 20, backoffCoefficient: 1000, maximumInterval: '1m' },
    },
    ends: 'TIMED_OUT',
    differs: atFields('reason for giving up', 'outcome.failed.cause', [
      ['class', 'ApplicationFailure', 'TimeoutFailure'],
      ['message', 'boom', 'activity StartToClose timeout'],
      ['timeoutType', undefined, 'START_TO_CLOSE'],
      ['type', 'Boom', undefined],
      ['nonRetryable', false, undefined],
      ['details', [], undefined],
      ['cause', undefined, { class: 'ApplicationFailure', ...plainBoom }],
    ]),
  },
  {
    name: 'scheduleToClose leaves no time after a missed heartbeat',
    script: [[{ heartbeat: 5 }, 'hang']],
    options: {
      heartbeatTimeout: 1500,
      scheduleToCloseTimeout: '4s',
      retryPolicy: { initialInterval: '1m' },
    },
    ends: 'TIMED_OUT',
    differs: [givenUp('HEARTBEAT', 5)],
  },
  {
    name: 'scheduleToStart',
    script: [[{ return: 'never' }]],
    queue: 'nobody',
    options: { scheduleToStartTimeout: 300 },
    ends: 'TIMED_OUT',
  },
  {
    name: 'scheduleToClose before the first attempt',
    script: [[{ return: 'never' }]],
    queue: 'nobody',
    options: { scheduleToCloseTimeout: 300 },
    ends: 'TIMED_OUT',
  },
];

const heartbeats: readonly Scenario[] = [
  {
    name: 'details survive a failure and attempts without heartbeats',
    script: [[{ heartbeat: { row: 1 } }, fail], [fail], [{ heartbeat: { row: 3 } }, fail], []],
    options: { retryPolicy: QUICK },
    ends: 'COMPLETED',
  },
  {
    name: 'the newest of many heartbeats counts',
    script: [[1, 2, 3, 4, 5].map((row) => ({ heartbeat: { row } })).concat([fail as never]), []],
    options: { retryPolicy: QUICK },
    ends: 'COMPLETED',
  },
  {
    name: 'throttled details are kept when an attempt fails',
    queue: 'throttled',
    script: [[{ heartbeat: 1 }, { sleep: 50 }, { heartbeat: 2 }, fail], []],
    options: { heartbeatTimeout: '1m', retryPolicy: QUICK },
    ends: 'COMPLETED',
  },
  {
    name: 'throttled details and a missed heartbeat',
    queue: 'throttled',
    script: [[{ heartbeat: 1 }, { sleep: 50 }, { heartbeat: 2 }, 'hang'], []],
    options: { startToCloseTimeout: 1500, retryPolicy: QUICK },
    ends: 'COMPLETED',
    differs: [{ row: 'detail loss', path: 'attempts.1.details', there: 1, here: 2 }],
  },
  {
    name: 'a missed heartbeat, after one that was throttled',
    queue: 'throttled',
    script: [
      [{ heartbeat: 1 }, { sleep: 100 }, { heartbeat: 2 }, { sleep: 2600 }, { return: 'alive' }],
    ],
    options: { heartbeatTimeout: 2000, retryPolicy: ONCE },
    ends: 'COMPLETED',
    differs: [
      { row: 'detection', path: 'final', there: 'COMPLETED', here: 'TIMED_OUT' },
      { row: 'detection', path: 'outcome.value', there: 'alive', here: undefined },
      {
        row: 'detection',
        path: 'outcome.failed',
        there: undefined,
        here: {
          class: 'TimeoutFailure',
          message: 'activity Heartbeat timeout',
          timeoutType: 'HEARTBEAT',
          lastHeartbeatDetails: 2,
        },
      },
      { row: 'detection', path: 'outcome.attempt', there: undefined, here: 1 },
      {
        row: 'detection',
        path: 'outcome.retryState',
        there: undefined,
        here: 'MAXIMUM_ATTEMPTS_REACHED',
      },
    ],
  },
  {
    name: 'null counts as details',
    script: [[{ heartbeat: 1 }, { heartbeat: null }, fail], []],
    options: { retryPolicy: QUICK },
    ends: 'COMPLETED',
  },
  {
    name: 'a heartbeat without details',
    script: [[{ heartbeat: 1 }, { sleep: 50 }, 'heartbeat', { sleep: 50 }, fail], []],
    options: { retryPolicy: QUICK },
    ends: 'COMPLETED',
    differs: [
      {
        row: 'bare heartbeat',
        doors: EVERYWHERE,
        path: 'attempts.1.details',
        there: undefined,
        here: 1,
      },
    ],
  },
  {
    name: 'a later attempt’s heartbeat without details',
    script: [[{ heartbeat: 1 }, fail], ['heartbeat', { sleep: 50 }, fail], []],
    options: { retryPolicy: QUICK },
    ends: 'COMPLETED',
    differs: [
      {
        row: 'bare heartbeat',
        doors: EVERYWHERE,
        path: 'attempts.2.details',
        there: undefined,
        here: 1,
      },
    ],
  },
  {
    name: 'details are kept without a heartbeatTimeout too',
    script: [[{ heartbeat: [1, 'two', { three: null }] }, fail], []],
    options: { retryPolicy: QUICK },
    ends: 'COMPLETED',
  },
  {
    name: 'the same id starts without details after a success',
    script: [[{ heartbeat: 'old' }, { return: 'first' }]],
    drive: async ({ door, handle, options, recorder, until }) => {
      await handle.outcome();
      await until({ closed: true });
      const again = await door.start([[{ return: 'second' }]], options);
      recorder.notes.push(await again.outcome());
    },
    ends: 'COMPLETED',
  },
];

const untold = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;
const TOLD: Script = [['until told', 'rethrow']];

/** Nothing is sent between the two requests. */
const ASKED_TWICE: Script = [
  [{ heartbeat: 1 }, { reach: 'beaten' }, { wait: 'asked' }, 'until told', 'rethrow'],
];

function askTwice(requests: readonly ('pause' | 'cancel')[]): NonNullable<Scenario['drive']> {
  return async ({ handle, recorder, until, note }) => {
    await recorder.at('beaten');
    await until({ heartbeatDetails: 1 });
    for (const request of requests) await note(request, handle[request]());
    recorder.reach('asked');
  };
}

/** The function of a cancelled activity is told. */
const cancelWhenStarted: NonNullable<Scenario['drive']> = async ({ handle, recorder }) => {
  await recorder.at('attempt 1');
  await handle.cancel('enough');
};

const cancellation: readonly Scenario[] = [
  {
    name: 'cancel, and the function stops',
    script: TOLD,
    options: { ...untold, heartbeatTimeout: '5s' },
    drive: cancelWhenStarted,
    ends: 'CANCELED',
  },
  {
    name: 'cancel, without a heartbeatTimeout',
    script: TOLD,
    options: untold,
    drive: cancelWhenStarted,
    ends: 'CANCELED',
  },
  {
    name: 'cancel, and the function throws an AbortError',
    script: [['until told', { throw: { kind: 'abort' } }]],
    options: untold,
    drive: cancelWhenStarted,
    ends: 'CANCELED',
  },
  {
    name: 'cancel, and the function throws another cancellation',
    script: [['until told', { throw: { kind: 'cancelled' } }]],
    options: untold,
    drive: cancelWhenStarted,
    ends: 'CANCELED',
  },
  {
    name: 'cancel, and the function finishes',
    script: [['until told', { return: 'finished' }]],
    options: untold,
    drive: cancelWhenStarted,
    ends: 'COMPLETED',
  },
  {
    name: 'cancel, and the function fails',
    script: [['until told', fail]],
    options: untold,
    drive: cancelWhenStarted,
    ends: 'FAILED',
  },
  {
    name: 'cancel, and the function continues until its timeout',
    script: [['until told', { wait: 'never' }]],
    options: { ...untold, startToCloseTimeout: 1500 },
    drive: cancelWhenStarted,
    ends: 'TIMED_OUT',
  },
  {
    name: 'cancel, and a heartbeat that is throttled',
    queue: 'throttled',
    script: [
      [
        { heartbeat: 1 },
        { reach: 'beaten' },
        { wait: 'asked' },
        { heartbeat: 2 },
        { sleep: 100 },
        { return: 'never told' },
      ],
    ],
    options: { ...untold, heartbeatTimeout: '1m' },
    drive: async ({ handle, recorder, until }) => {
      await recorder.at('beaten');
      await until({ heartbeatDetails: 1 }); // or the answer to that heartbeat would tell
      await handle.cancel('enough');
      recorder.reach('asked');
    },
    ends: 'COMPLETED',
    differs: [
      { row: 'cancel delivery', path: 'final', there: 'COMPLETED', here: 'CANCELED' },
      { row: 'cancel delivery', path: 'outcome.value', there: 'never told', here: undefined },
      {
        row: 'cancel delivery',
        path: 'outcome.failed',
        there: undefined,
        here: { class: 'CancelledFailure', message: 'CANCELLED', cause: 'enough' },
      },
      { row: 'cancel delivery', path: 'outcome.attempt', there: undefined, here: 1 },
      {
        row: 'cancel delivery',
        path: 'outcome.retryState',
        there: undefined,
        here: 'CANCEL_REQUESTED',
      },
    ],
  },
  {
    name: 'a timeout, and the function is told',
    script: [
      ['until told', 'rethrow'],
      [{ wait: 'told' }, { return: 'on' }],
    ],
    options: { startToCloseTimeout: 1500, retryPolicy: QUICK },
    ends: 'COMPLETED',
    differs: [
      { row: 'told of a timeout', path: 'told.0.reason', there: 'NOT_FOUND', here: 'TIMED_OUT' },
      { row: 'told of a timeout', path: 'told.0.flags.0', there: 'notFound', here: 'timedOut' },
    ],
  },
  {
    name: 'terminate, and the function is told',
    script: [['until told', 'rethrow']],
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.terminate('no more');
      await recorder.at('told');
    },
    ends: 'TERMINATED',
  },
  {
    name: 'TRY_CANCEL, and the function stops',
    script: TOLD,
    drive: cancelWhenStarted,
    callersOwn: true,
    ends: 'CANCELED',
  },
  {
    name: 'TRY_CANCEL, and the function finishes',
    script: [['until told', { return: 'finished' }]],
    drive: cancelWhenStarted,
    callersOwn: true,
    ends: 'COMPLETED',
  },
  {
    name: 'ABANDON, and the function finishes',
    script: [
      [
        { heartbeat: 1 },
        { wait: 'asked' },
        { heartbeat: 2 },
        { sleep: 100 },
        { return: 'finished' },
      ],
    ],
    options: { cancellationType: 'ABANDON' },
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.cancel('enough');
      recorder.reach('asked');
    },
    callersOwn: true,
    ends: 'COMPLETED',
  },
  {
    name: 'cancel in a backoff',
    script: [[fail]],
    options: { ...untold, retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.cancel('enough');
    },
    ends: 'CANCELED',
  },
  {
    name: 'cancel in the start delay',
    script: [[]],
    options: { ...untold, startDelay: '1m' },
    drive: async ({ handle }) => handle.cancel('enough'),
    ends: 'CANCELED',
  },
  {
    name: 'cancel before a worker is free',
    script: [[]],
    queue: 'nobody',
    options: untold,
    drive: async ({ handle }) => handle.cancel('enough'),
    ends: 'CANCELED',
  },
  {
    name: 'cancel twice',
    script: TOLD,
    options: untold,
    drive: async ({ handle, recorder, note }) => {
      await recorder.at('attempt 1');
      await note('cancel', handle.cancel('enough'));
      await note('cancel again', handle.cancel('more than enough'));
    },
    ends: 'CANCELED',
  },
  {
    name: 'cancel without a reason',
    script: TOLD,
    options: untold,
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.cancel();
    },
    ends: 'CANCELED',
  },
  {
    name: 'cancel without a reason, and the function fails',
    script: [['until told', fail]],
    options: untold,
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.cancel();
    },
    ends: 'FAILED',
  },
  {
    name: 'pause and cancel before the function is told',
    script: ASKED_TWICE,
    options: untold,
    drive: askTwice(['pause', 'cancel']),
    ends: 'CANCELED',
    differs: [{ row: 'two requests', path: 'told.0.flags.1', there: undefined, here: 'paused' }],
  },
  {
    name: 'cancel and pause before the function is told',
    script: ASKED_TWICE,
    options: untold,
    drive: askTwice(['cancel', 'pause']),
    ends: 'CANCELED',
  },
  {
    name: 'cancel a closed activity',
    script: [[{ return: 1 }]],
    drive: async ({ handle, note }) => {
      await handle.outcome();
      await note('cancel', handle.cancel('too late'));
    },
    ends: 'COMPLETED',
  },
];

const completion: readonly Scenario[] = [
  {
    name: 'complete by token',
    script: [['complete async']],
    drive: async ({ door, recorder, note }) => {
      await recorder.at('open');
      await note('complete', door.byToken.complete(recorder.tokens[0]!, { a: 1 }));
      await note('again', door.byToken.complete(recorder.tokens[0]!, 2));
    },
    ends: 'COMPLETED',
  },
  {
    name: 'fail by token, and be retried',
    script: [['complete async'], [{ return: 'second' }]],
    options: { retryPolicy: QUICK },
    drive: async ({ door, recorder, note }) => {
      await recorder.at('open');
      await note('fail', door.byToken.fail(recorder.tokens[0]!, new Error('no')));
      await recorder.at('attempt 2');
      await note('again', door.byToken.fail(recorder.tokens[0]!, new Error('stale')));
    },
    ends: 'COMPLETED',
  },
  {
    name: 'heartbeat by token',
    script: [['complete async'], [{ return: 'second' }]],
    options: { retryPolicy: QUICK },
    drive: async ({ door, recorder, note }) => {
      await recorder.at('open');
      const [token = ''] = recorder.tokens;
      await note('heartbeat', door.byToken.heartbeat(token, { page: 4 }));
      await door.byToken.fail(token, new Error('no'));
      await recorder.at('attempt 2');
    },
    ends: 'COMPLETED',
  },
  {
    name: 'heartbeat by token receives a cancel, which is then reported',
    script: [['complete async']],
    options: untold,
    drive: async ({ door, handle, recorder, note }) => {
      await recorder.at('open');
      const [token = ''] = recorder.tokens;
      await note('too early', door.byToken.reportCancellation(token));
      await handle.cancel('enough');
      await note('heartbeat', door.byToken.heartbeat(token, 1));
      await note('report', door.byToken.reportCancellation(token));
    },
    ends: 'CANCELED',
  },
  {
    name: 'left open, and the timeout still counts',
    script: [[{ heartbeat: 'kept' }, 'complete async']],
    options: { startToCloseTimeout: 1500, retryPolicy: ONCE },
    ends: 'TIMED_OUT',
  },
  {
    name: 'complete by id',
    script: [['complete async']],
    drive: async ({ handle, recorder, note }) => {
      await recorder.at('open');
      await note('complete', handle.complete('by id'));
      await note('again', handle.complete('too late'));
    },
    ends: 'COMPLETED',
  },
  {
    name: 'complete by id in a backoff',
    script: [[fail]],
    options: { retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until, note }) => {
      await until({ attempt: 2 });
      await note('fail', handle.fail(new Error('nobody runs')));
      await note('complete', handle.complete('by id'));
    },
    ends: 'COMPLETED',
  },
];

const steering: readonly Scenario[] = [
  {
    name: 'pause in a backoff, and unpause',
    script: [[{ heartbeat: 1 }, fail], [{ return: 'on' }]],
    options: { retryPolicy: { initialInterval: 1500 } },
    drive: async ({ handle, until, recorder }) => {
      await until({ attempt: 2 });
      await handle.pause();
      recorder.notes.push(await seen(handle));
      await new Promise((resolve) => setTimeout(resolve, 1700));
      recorder.notes.push(await seen(handle));
      await handle.unpause();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'pause while it runs, and unpause',
    script: [['until told', 'rethrow'], [{ return: 'on' }]],
    options: { retryPolicy: QUICK },
    drive: async ({ handle, until, recorder }) => {
      await recorder.at('attempt 1');
      await handle.pause();
      await until({ status: 'PAUSED' });
      recorder.notes.push(await seen(handle));
      await handle.unpause();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'pause, and the function throws an AbortError',
    script: [['until told', { throw: { kind: 'abort' } }], [{ return: 'on' }]],
    options: { startToCloseTimeout: 4000, retryPolicy: QUICK },
    drive: async ({ handle, until, recorder }) => {
      await recorder.at('attempt 1');
      await handle.pause();
      await recorder.at('told');
      await until({ status: 'PAUSED' });
      recorder.notes.push((await handle.describe()).lastFailure);
      await handle.unpause();
    },
    ends: 'COMPLETED',
    differs: [
      {
        row: 'AbortError after a pause',
        doors: EVERYWHERE,
        path: 'notes.0',
        there: 'TimeoutFailure',
        here: undefined,
      },
    ],
  },
  {
    name: 'pause, and the function finishes',
    script: [['until told', { return: 'finished' }]],
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.pause();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'pause, and the function fails',
    script: [['until told', fail], [{ return: 'on' }]],
    options: { retryPolicy: QUICK },
    drive: async ({ handle, until, recorder }) => {
      await recorder.at('attempt 1');
      await handle.pause();
      await until({ status: 'PAUSED' });
      recorder.notes.push(await seen(handle));
      await handle.unpause();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'pause at the last attempt',
    script: [['until told', 'rethrow'], [{ return: 'on' }]],
    options: { retryPolicy: ONCE },
    drive: async ({ handle, recorder, until }) => {
      await recorder.at('attempt 1');
      await handle.pause();
      await recorder.at('told');
      await until({ status: 'PAUSED' }).catch(() => {}); // or closed
      await handle.unpause().catch(() => {});
    },
    ends: 'FAILED',
    differs: [
      { row: 'pause at the last attempt', path: 'final', there: 'FAILED', here: 'COMPLETED' },
      { row: 'pause at the last attempt', path: 'outcome.value', there: undefined, here: 'on' },
      {
        row: 'pause at the last attempt',
        path: 'outcome.failed',
        there: {
          class: 'ApplicationFailure',
          message: 'Activity paused',
          type: 'ActivityPause',
          nonRetryable: false,
          details: [],
        },
        here: undefined,
      },
      { row: 'pause at the last attempt', path: 'outcome.attempt', there: 1, here: undefined },
      {
        row: 'pause at the last attempt',
        path: 'outcome.retryState',
        there: 'MAXIMUM_ATTEMPTS_REACHED',
        here: undefined,
      },
      {
        row: 'pause at the last attempt',
        path: 'attempts.1',
        there: undefined,
        here: { attempt: 2, details: 'beat' },
      },
    ],
  },
  {
    name: 'pause twice',
    script: [[fail], []],
    options: { retryPolicy: { initialInterval: 2000 } },
    drive: async ({ handle, until, note }) => {
      await until({ attempt: 2 });
      await note('pause', handle.pause());
      await note('pause again', handle.pause());
      await note('unpause', handle.unpause());
      await note('unpause again', handle.unpause());
    },
    ends: 'COMPLETED',
  },
  {
    name: 'cancel a paused activity',
    script: [[fail]],
    options: { ...untold, retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.pause();
      await handle.cancel('enough');
    },
    ends: 'CANCELED',
  },
  {
    name: 'scheduleToClose passes while it is paused',
    script: [[fail]],
    options: { scheduleToCloseTimeout: 6000, retryPolicy: { initialInterval: 2500 } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.pause();
    },
    ends: 'TIMED_OUT',
  },
  {
    name: 'reset in a backoff',
    script: [[{ heartbeat: 1 }, fail], [{ return: 'anew' }]],
    options: { retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.reset();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'reset in a backoff, including heartbeat details',
    script: [[{ heartbeat: 1 }, fail], [{ return: 'anew' }]],
    options: { retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.reset({ resetHeartbeat: true });
    },
    ends: 'COMPLETED',
  },
  {
    name: 'reset while it runs, at the last attempt',
    script: [[fail], ['until told', 'rethrow'], [{ return: 'anew' }]],
    options: { retryPolicy: { ...QUICK, maximumAttempts: 2 } },
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 2');
      await handle.reset();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'reset, and the function finishes',
    script: [['until told', { return: 'finished' }]],
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.reset();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'reset, and the function fails for good',
    script: [
      ['until told', { throw: { ...boom, nonRetryable: true } as Thrown }],
      [{ return: 'anew' }],
    ],
    drive: async ({ handle, recorder }) => {
      await recorder.at('attempt 1');
      await handle.reset();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'reset a paused activity',
    script: [[fail], [{ return: 'anew' }]],
    options: { retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until, recorder }) => {
      await until({ attempt: 2 });
      await handle.pause();
      await handle.reset({ keepPaused: true });
      recorder.notes.push(await seen(handle));
      await handle.reset();
    },
    ends: 'COMPLETED',
  },
  {
    name: 'another retryPolicy in a backoff',
    intervals: true,
    script: [[fail], [{ return: 'on' }]],
    options: { retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.updateOptions({ retryPolicy: { initialInterval: 1500 } });
    },
    ends: 'COMPLETED',
  },
  {
    name: 'terminate while it runs',
    script: [[{ wait: 'never' }]],
    drive: async ({ handle, recorder, note }) => {
      await recorder.at('attempt 1');
      await note('terminate', handle.terminate('no more'));
      await note('again', handle.terminate('no more at all'));
    },
    ends: 'TERMINATED',
  },
  {
    name: 'terminate in a backoff',
    script: [[fail]],
    options: { retryPolicy: { initialInterval: '1m' } },
    drive: async ({ handle, until }) => {
      await until({ attempt: 2 });
      await handle.terminate('no more');
    },
    ends: 'TERMINATED',
  },
  {
    name: 'an id that is in use',
    script: [[{ wait: 'asked' }, { return: 'first' }]],
    drive: async ({ door, options, recorder, note }) => {
      await recorder.at('attempt 1');
      await note('start', door.start([[]], options));
      recorder.reach('asked');
    },
    ends: 'COMPLETED',
  },
  {
    name: 'an id that is joined',
    script: [[{ wait: 'asked' }, { return: 'first' }]],
    drive: async ({ door, options, recorder }) => {
      await recorder.at('attempt 1');
      const joined = await door.start([[{ return: 'second' }]], {
        ...options,
        idConflictPolicy: 'USE_EXISTING',
      });
      recorder.reach('asked');
      recorder.notes.push(await joined.outcome());
    },
    ends: 'COMPLETED',
  },
  {
    name: 'a start delay',
    script: [[fail], [{ return: 'on' }]],
    options: { startDelay: 2500, scheduleToCloseTimeout: 2600, retryPolicy: QUICK },
    drive: async ({ handle, recorder }) => {
      recorder.notes.push(await seen(handle), recorder.attempts.length);
      await recorder.at('attempt 1');
      recorder.notes.push((await handle.describe()).startedAfterMs >= 2500);
    },
    ends: 'COMPLETED',
  },
];

export const scenarios: Readonly<Record<string, readonly Scenario[]>> = {
  retries,
  timeouts,
  heartbeats,
  cancellation,
  completion,
  steering,
};

/** The current description. */
async function seen(handle: Steered): Promise<unknown> {
  const { status, runState, attempt } = await handle.describe();
  return { status, runState, attempt };
}

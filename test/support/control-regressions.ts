/** Shortened stories that once differed from the model. */
import type { Command, Story } from './control-commands.js';
import type { ModelOptions } from './control-model.js';

interface Regression {
  readonly what: string;
  readonly told: Story;
}

const plain: ModelOptions = {
  heartbeat: 0,
  startToClose: 0,
  scheduleToStart: 0,
  scheduleToClose: 0,
  startDelay: 0,
  initialInterval: 40,
  backoffCoefficient: 1,
  maximumAttempts: 0,
  priority: 3,
  overlapMs: 0,
  type: 'TRY_CANCEL',
  delivery: 'heartbeat',
  key: undefined,
  signal: undefined,
};

function start(options: Partial<ModelOptions> = {}): Command {
  return { do: 'start', options: { ...plain, ...options }, manner: 'waits', id: 'own', turn: true };
}

const oneSlot = { slots: 1, slotsPerKey: 1, watched: true };

export const KNOWN: readonly Regression[] = [
  {
    what: 'a heartbeat timeout shortened to a time in the past ends the attempt at once',
    told: {
      stage: oneSlot,
      commands: [
        start(),
        { do: 'advance', ms: 400, turn: true },
        { do: 'update', who: 0, patch: { heartbeat: 20 }, turn: true },
      ],
    },
  },
  {
    what: 'a shutdown starts no attempt in the slot of an overlap that it ends',
    told: {
      stage: oneSlot,
      commands: [
        start({ overlapMs: 20 }),
        { do: 'fail', who: 0, how: 'retryable', token: false, turn: true },
        start(),
        { do: 'shutdown', drain: false, graceMs: undefined, abandonMs: 22, turn: true },
      ],
    },
  },
  {
    what: 'a shutdown that drains without a grace period starts no attempt either',
    told: {
      stage: oneSlot,
      commands: [
        start({ startToClose: 20, overlapMs: Infinity }),
        { do: 'pause', who: 0, turn: true },
        start(),
        { do: 'advance', ms: 20, turn: true },
        { do: 'shutdown', drain: true, graceMs: 0, abandonMs: 22, turn: true },
      ],
    },
  },
  {
    what: 'an attempt that is due when the grace period ends begins, and is told to stop',
    told: {
      stage: oneSlot,
      commands: [
        start({
          heartbeat: 518,
          scheduleToClose: 1779,
          startDelay: 16,
          initialInterval: 208,
          overlapMs: 326,
        }),
        { do: 'advance', ms: 1499, turn: true },
        { do: 'shutdown', drain: true, graceMs: 295, abandonMs: 22, turn: true },
        { do: 'advance', ms: 295, turn: true },
      ],
    },
  },
  {
    what: 'a slot that becomes free when an activity expires goes to the next one',
    told: {
      stage: oneSlot,
      commands: [
        start({ scheduleToStart: 20, priority: 1, overlapMs: 20 }),
        start({ startToClose: 20, priority: 1, overlapMs: 20 }),
        { do: 'advance', ms: 40, turn: true },
        { do: 'update', who: 0, patch: { scheduleToClose: 40 }, turn: false },
        { do: 'settle', who: 0, how: 'retryable', turn: false },
        start({ scheduleToStart: 20, priority: 1, overlapMs: 20 }),
      ],
    },
  },
  {
    what: 'an outside abort starts no attempt in the slot of an overlap that it ends',
    told: {
      stage: oneSlot,
      commands: [
        start({ overlapMs: 20, signal: 0 }),
        { do: 'fail', who: 0, how: 'retryable', token: false, turn: true },
        start({ signal: 0 }),
        { do: 'abort', signal: 0, turn: true },
      ],
    },
  },
  {
    what: 'a waiting activity keeps its place when its timeouts change',
    told: {
      stage: oneSlot,
      commands: [
        start(),
        start(),
        start(),
        { do: 'advance', ms: 4, turn: true },
        { do: 'update', who: 1, patch: { scheduleToStart: 0 }, turn: true },
        { do: 'settle', who: 0, how: 'return', turn: true },
      ],
    },
  },
];

/**
 * What may happen to activities, as plain data: a counterexample that fast-check prints is a list of
 * these, and can be run again as it is.
 */
import fc from 'fast-check';
import type { OptionsPatch } from 'systole';
import type { CallOptions } from '../../src/runtime/options/activity-options.js';
import {
  GRID_MS,
  type Changeable,
  type ModelOptions,
  type Refusal,
  type ResetChoice,
  type Settling,
} from './control-model.js';
import { SIGNALS, Stage, type Pair, type Played, type StageOptions } from './control-stage.js';
import { errorFor, type Manner } from './puppets.js';

type Failing = Exclude<Settling, 'return'>;

/** Which of the existing activities or functions, counted from the last, wrapping around. */
interface Who {
  readonly who: number;
}
/** By the token of the last attempt that began, or by the handle. */
interface Outside extends Who {
  readonly token: boolean;
}

interface Acts {
  /** With its own id, with one that may be in use, or with a generated one. */
  start: { options: ModelOptions; manner: Manner; id: 'own' | 'taken' | undefined };
  advance: { ms: number };
  settle: Who & { how: Settling };
  beat: Who & { details: boolean };
  wait: Who & { ms: number };
  leaveOpen: Who;
  cancel: Who;
  terminate: Who;
  pause: Who;
  unpause: Who;
  reset: Who & { choice: ResetChoice };
  update: Who & { patch: Partial<Changeable> };
  complete: Outside;
  report: Outside;
  fail: Outside & { how: Failing };
  heartbeat: Outside & { details: boolean };
  abort: { signal: number };
  shutdown: { drain: boolean; graceMs: number | undefined; abandonMs: number };
}
type Name = keyof Acts;
type Act<Which extends Name = Name> = {
  readonly [Do in Which]: { readonly do: Do } & Readonly<Acts[Do]>;
}[Which];

/** `turn`: promises settle before the next command; otherwise both happen in one turn. */
export type Command = Act & { readonly turn?: boolean | undefined };

export interface Story {
  readonly stage: StageOptions;
  readonly commands: readonly Command[];
}

// ── Making them up ─────────────────────────────────────────────────────────────────────────────

const ms = (least: number, most: number): fc.Arbitrary<number> =>
  fc.integer({ min: least / GRID_MS, max: most / GRID_MS }).map((steps) => steps * GRID_MS);
const sometimes = (value: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: value });

const changeable = {
  heartbeat: sometimes(ms(20, 1_000)),
  startToClose: sometimes(ms(20, 2_000)),
  scheduleToStart: sometimes(ms(20, 1_000)),
  scheduleToClose: sometimes(ms(40, 6_000)),
  startDelay: sometimes(ms(4, 800)),
  initialInterval: ms(40, 800),
  backoffCoefficient: fc.constantFrom(1, 2),
  maximumAttempts: fc.constantFrom(0, 1, 2, 3, 5),
  priority: fc.constantFrom(1, 3, 3, 3, 5),
};

const options: fc.Arbitrary<ModelOptions> = fc.record({
  ...changeable,
  overlapMs: fc.oneof(fc.constantFrom(0, Infinity), ms(20, 1_000)),
  type: fc.constantFrom('TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'),
  delivery: fc.constantFrom('heartbeat', 'immediate'),
  key: fc.constantFrom(undefined, 'a', 'b'),
  signal: fc.constantFrom(undefined, ...Array.from({ length: SIGNALS }, (_, index) => index)),
});

/** The policy is replaced as a whole. */
const patch: fc.Arbitrary<Partial<Changeable>> = fc.oneof(
  fc.record({ heartbeat: changeable.heartbeat }),
  fc.record({ startToClose: changeable.startToClose }),
  fc.record({ scheduleToStart: changeable.scheduleToStart }),
  fc.record({ scheduleToClose: changeable.scheduleToClose }),
  fc.record({ startDelay: changeable.startDelay }),
  fc.record({ priority: changeable.priority }),
  fc.record({
    initialInterval: changeable.initialInterval,
    backoffCoefficient: changeable.backoffCoefficient,
    maximumAttempts: changeable.maximumAttempts,
  }),
);

const who = fc.nat(40);
const flag = fc.boolean();
const failing = fc.constantFrom<Failing[]>('retryable', 'retryable', 'nonRetryable', 'accept');
const settling = fc.oneof(
  fc.constant<Settling>('return'),
  failing,
  fc.constant<Settling>('accept'),
);

const WEIGHTS: Readonly<Record<Name, number>> = {
  start: 14,
  advance: 10,
  settle: 14,
  beat: 16,
  wait: 8,
  leaveOpen: 2,
  cancel: 4,
  terminate: 2,
  pause: 6,
  unpause: 6,
  reset: 6,
  update: 6,
  complete: 3,
  report: 2,
  fail: 3,
  heartbeat: 4,
  abort: 1,
  shutdown: 1,
};

/** Every kind of command. */
export const NAMES = Object.keys(WEIGHTS) as readonly Name[];

const acts: { readonly [Do in Name]: fc.Arbitrary<Act<Do>> } = {
  start: fc.record({
    do: fc.constant('start' as const),
    options,
    manner: fc.constantFrom<Manner[]>('waits', 'waits', 'waits', 'accepts', 'returns', 'throws'),
    id: fc.constantFrom('own', undefined, 'taken'),
  }),
  advance: fc.record({ do: fc.constant('advance' as const), ms: ms(4, 1_600) }),
  settle: fc.record({ do: fc.constant('settle' as const), who, how: settling }),
  beat: fc.record({ do: fc.constant('beat' as const), who, details: flag }),
  wait: fc.record({ do: fc.constant('wait' as const), who, ms: ms(4, 1_600) }),
  leaveOpen: simple('leaveOpen'),
  cancel: simple('cancel'),
  terminate: simple('terminate'),
  pause: simple('pause'),
  unpause: simple('unpause'),
  reset: fc.record({
    do: fc.constant('reset' as const),
    who,
    choice: fc.record({ keepPaused: flag, resetHeartbeat: flag, restoreOriginalOptions: flag }),
  }),
  update: fc.record({ do: fc.constant('update' as const), who, patch }),
  complete: fc.record({ do: fc.constant('complete' as const), who, token: flag }),
  report: fc.record({ do: fc.constant('report' as const), who, token: flag }),
  fail: fc.record({ do: fc.constant('fail' as const), who, how: failing, token: flag }),
  heartbeat: fc.record({ do: fc.constant('heartbeat' as const), who, details: flag, token: flag }),
  abort: fc.record({ do: fc.constant('abort' as const), signal: fc.nat(SIGNALS - 1) }),
  shutdown: fc.record({
    do: fc.constant('shutdown' as const),
    drain: flag,
    // Off the grid of the deadlines, so that the order is always clear.
    graceMs: fc.oneof(
      fc.constantFrom(undefined, 0),
      ms(20, 1_000).map((at) => at + 1),
    ),
    abandonMs: ms(20, 1_000).map((at) => at + 2),
  }),
};

function simple<Do extends Name>(name: Do): fc.Arbitrary<{ do: Do; who: number }> {
  return fc.record({ do: fc.constant(name), who });
}

const command = fc
  .tuple(
    fc.oneof(
      ...Object.entries(acts).map(([name, arbitrary]) => ({
        weight: WEIGHTS[name as Name],
        arbitrary: arbitrary as fc.Arbitrary<Act>,
      })),
    ),
    fc.constantFrom(true, true, false),
  )
  .map(([act, turn]): Command => ({ ...act, turn }));

export const story: fc.Arbitrary<Story> = fc.record({
  stage: fc.record({
    slots: fc.constantFrom(1, 2, 3, Infinity),
    slotsPerKey: fc.constantFrom(1, 2, Infinity),
    watched: fc.constantFrom(true, true, true, false),
  }),
  commands: fc.array(command, { maxLength: 100, size: 'max' }),
});

// ── Doing them ─────────────────────────────────────────────────────────────────────────────────

/** How often each command was really executed. */
export type Done = Map<Name, number>;

/** Runs a story to its end, and compares after every command. */
export async function tell({ stage: options, commands }: Story, done?: Done): Promise<void> {
  const stage = new Stage(options);
  for (const command of commands) {
    // Awaited only if needed, because an await is a turn for promises.
    if (command.do === 'advance') await stage.advance(command.ms);
    else if (!perform(stage, command)) continue;
    done?.set(command.do, (done.get(command.do) ?? 0) + 1);
    stage.check();
    if (command.turn === true) await stage.settle();
  }
  await stage.settle();
  await stage.finish();
}

/** Returns false if there is no activity to do it to. */
function perform(stage: Stage, command: Exclude<Command, { do: 'advance' }>): boolean {
  const { model } = stage;
  switch (command.do) {
    case 'start':
      return start(stage, command);
    case 'abort':
      if (stage.controllers[command.signal]!.signal.aborted) return false;
      stage.controllers[command.signal]!.abort('outside');
      model.abort(command.signal);
      return true;
    case 'shutdown': {
      if (model.shutdown !== undefined) return false;
      const { drain, graceMs, abandonMs } = command;
      stage.shutDown({ drain, gracePeriod: graceMs, abandonAfter: abandonMs });
      model.shutDown(drain, graceMs ?? (drain ? Infinity : 0), abandonMs);
      return true;
    }
    case 'settle':
    case 'beat':
    case 'wait':
    case 'leaveOpen': {
      const played = pick(
        stage.played.filter(({ puppet }) => !puppet.settled),
        command.who,
      );
      if (played !== undefined) play(stage, played, command);
      return played !== undefined;
    }
    case 'cancel':
    case 'terminate':
    case 'pause':
    case 'unpause':
    case 'reset':
    case 'update':
    case 'complete':
    case 'report':
    case 'fail':
    case 'heartbeat': {
      // Sometimes a closed activity, where most commands are refused.
      const closed = stage.pairs.filter((pair) => !pair.model.open).slice(-1);
      const open = stage.pairs.filter((pair) => pair.model.open);
      const pair = pick([...closed, ...open], command.who);
      if (pair === undefined) return false;
      steer(stage, pair, command);
      return true;
    }
  }
}

function pick<T>(all: readonly T[], who: number): T | undefined {
  return all[all.length - 1 - (who % all.length)];
}

function start(stage: Stage, { options, manner, id }: Act<'start'>): boolean {
  const shutDown = stage.model.shutdown !== undefined;
  const call = callOptions(stage, options);
  const taken = stage.pairs.find((pair) => pair.model.open && pair.named);
  if (shutDown || (id === 'taken' && taken !== undefined)) {
    const refusal = shutDown ? 'RuntimeShutdownError' : 'ActivityAlreadyStartedError';
    stage.refuse({ ...call, activityId: taken?.handle.activityId }, refusal);
  } else {
    const activityId = id === undefined ? undefined : `activity-${stage.pairs.length}`;
    stage.start(options, { ...call, activityId }, manner);
  }
  return true;
}

function callOptions(stage: Stage, options: ModelOptions): CallOptions {
  const { signal, key, overlapMs, type, delivery } = options;
  const { initialInterval, backoffCoefficient, maximumAttempts } = options;
  return {
    ...timeouts(options),
    retryPolicy: { initialInterval, backoffCoefficient, maximumAttempts },
    startDelay: options.startDelay,
    priority: options.priority,
    attemptOverlap: overlapMs === 0 ? 'allow' : overlapMs === Infinity ? 'forbid' : overlapMs,
    cancellationType: type,
    cancellationDelivery: delivery,
    concurrencyKey: key,
    signal: signal === undefined ? undefined : stage.controllers[signal]!.signal,
  };
}

function timeouts(options: Partial<Changeable>) {
  return {
    heartbeatTimeout: options.heartbeat,
    startToCloseTimeout: options.startToClose,
    scheduleToStartTimeout: options.scheduleToStart,
    scheduleToCloseTimeout: options.scheduleToClose,
  };
}

function patchFor({ startDelay, priority, ...rest }: Partial<Changeable>): OptionsPatch {
  const { initialInterval, backoffCoefficient, maximumAttempts } = rest;
  const policy = { initialInterval, backoffCoefficient, maximumAttempts };
  return {
    ...timeouts(rest),
    startDelay,
    priority,
    retryPolicy: initialInterval === undefined ? undefined : policy,
  };
}

function play(
  stage: Stage,
  { puppet, attempt }: Played,
  command: Act<'settle' | 'beat' | 'wait' | 'leaveOpen'>,
): void {
  const { model } = stage;
  if (command.do === 'settle') puppet.settle(command.how);
  else if (command.do === 'leaveOpen') {
    puppet.leaveOpen();
    model.leaveOpen(attempt!);
  } else if (command.do === 'wait') {
    puppet.wait(command.ms);
    model.wait(attempt!, command.ms);
  } else {
    const details = command.details ? stage.nextDetails() : undefined;
    puppet.ctx.heartbeat(details);
    model.beat(attempt!, details);
  }
}

type Steering = Exclude<
  Name,
  'start' | 'advance' | 'abort' | 'shutdown' | 'settle' | 'beat' | 'wait' | 'leaveOpen'
>;

function steer(stage: Stage, pair: Pair, command: Act<Steering>): void {
  const { handle, model: activity } = pair;
  const { model } = stage;
  switch (command.do) {
    case 'cancel':
      handle.cancel('enough');
      model.cancel(activity);
      break;
    case 'terminate':
      stage.try(
        () => handle.terminate('enough'),
        () => model.terminate(activity),
      );
      break;
    case 'pause':
      stage.try(
        () => handle.pause(),
        () => model.pause(activity),
      );
      break;
    case 'unpause':
      stage.try(
        () => handle.unpause(),
        () => model.unpause(activity),
      );
      break;
    case 'reset':
      stage.try(
        () => handle.reset(command.choice),
        () => model.reset(activity, command.choice),
      );
      break;
    case 'update':
      stage.try(
        () => handle.updateOptions(patchFor(command.patch)),
        () => model.update(activity, command.patch),
      );
      break;
    case 'complete':
    case 'report':
    case 'fail':
    case 'heartbeat':
      speakFor(stage, pair, command);
      break;
  }
}

/** From outside, by the handle or by the token of the last attempt that began. */
function speakFor(
  stage: Stage,
  pair: Pair,
  command: Act<'complete' | 'report' | 'fail' | 'heartbeat'>,
): void {
  const { handle, model: activity } = pair;
  const { model } = stage;
  const { completion } = stage.harness.engine;
  const last = command.token ? stage.lastOf(pair) : undefined;
  const token = last?.puppet.ctx.info.taskToken;
  const say = (
    byHandle: () => void,
    byToken: (token: string) => Promise<void>,
    told: () => Refusal,
  ): void => {
    if (token === undefined) stage.try(byHandle, told);
    else {
      const ended = last?.attempt?.ended === true;
      stage.tryLater(byToken(token), ended ? 'ActivityNotFoundError' : told());
    }
  };
  if (command.do === 'complete') {
    say(
      () => handle.complete('outside'),
      (by) => completion.complete(by, 'outside'),
      () => model.complete(activity),
    );
  } else if (command.do === 'report') {
    say(
      () => handle.reportCancellation(),
      (by) => completion.reportCancellation(by),
      () => model.reportCancellation(activity),
    );
  } else if (command.do === 'fail') {
    const error = errorFor(command.how);
    say(
      () => handle.fail(error),
      (by) => completion.fail(by, error),
      () => model.fail(activity, command.how),
    );
  } else {
    const details = command.details ? stage.nextDetails() : undefined;
    say(
      () => handle.heartbeat(details),
      (by) => completion.heartbeat(by, details),
      () => model.heartbeat(activity, details),
    );
  }
}

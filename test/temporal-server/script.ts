/**
 * An activity that follows a script: a small language, with one interpreter as a systole activity
 * and one as a Temporal activity. So a scenario is written once and runs through every door.
 */
import * as temporal from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, type ActivityContext } from 'systole';
import { recorderOf, type Recorder } from './trace.js';

/** The errors that an attempt can throw. */
export type Thrown =
  | {
      readonly kind: 'application';
      readonly message?: string;
      readonly type?: string;
      readonly nonRetryable?: boolean;
      readonly details?: readonly unknown[];
      readonly nextRetryDelay?: number;
      readonly category?: 'BENIGN';
      readonly cause?: Thrown;
    }
  | { readonly kind: 'TypeError' | 'Error'; readonly message: string; readonly name?: string }
  | { readonly kind: 'text'; readonly text: string }
  /** No error either, but it has a message. */
  | { readonly kind: 'object'; readonly message: string }
  /** A cancellation, asked for or not. */
  | { readonly kind: 'cancelled' }
  /** As `fetch` throws it when its signal aborts. */
  | { readonly kind: 'abort' };

export type Step =
  | { readonly heartbeat: unknown }
  /** A heartbeat without details. */
  | 'heartbeat'
  | { readonly sleep: number }
  /** The driver waits for it. */
  | { readonly reach: string }
  /** Until the driver says so. */
  | { readonly wait: string }
  /** Heartbeats `'beat'` until told to stop, and notes what it was told. */
  | 'until told'
  /** What it was told. */
  | 'rethrow'
  /** Until told to stop, without a heartbeat. */
  | 'hang'
  /** Keeps its token, and leaves the attempt open. */
  | 'complete async'
  | { readonly throw: Thrown }
  | { readonly return: unknown };

/** What each attempt does. The last entry is for all further attempts. */
export type Script = readonly (readonly Step[])[];

/** What the interpreter needs in each world. */
interface World {
  readonly attempt: number;
  readonly details: unknown;
  readonly token: () => string;
  readonly heartbeat: (...details: [] | [unknown]) => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly cancelled: Promise<never>;
  readonly signal: AbortSignal;
  readonly cancellationDetails: () => object | undefined;
  readonly completeAsync: () => never;
  readonly error: (thrown: Thrown) => unknown;
}

/** The systole activity. */
export async function scripted(ctx: ActivityContext, script: Script): Promise<unknown> {
  const recorder = recorderOf(ctx.info.activityId);
  return interpret(script, recorder, {
    attempt: ctx.info.attempt,
    details: ctx.heartbeatDetails,
    token: () => ctx.info.taskToken,
    heartbeat: ctx.heartbeat,
    sleep: ctx.sleep,
    cancelled: ctx.cancelled,
    signal: ctx.signal,
    cancellationDetails: () => ctx.cancellationDetails,
    completeAsync: ctx.completeAsync,
    error: systoleError,
  });
}

/** The Temporal activity. */
export async function nativeScripted(script: Script): Promise<unknown> {
  const info = temporal.activityInfo();
  return interpret(script, recorderOf(info.activityId), {
    attempt: info.attempt,
    details: info.heartbeatDetails as unknown,
    token: () => info.base64TaskToken,
    heartbeat: (...details) => {
      temporal.heartbeat(...details);
    },
    sleep: temporal.sleep,
    cancelled: temporal.cancelled(),
    signal: temporal.cancellationSignal(),
    cancellationDetails: temporal.cancellationDetails,
    completeAsync: () => {
      throw new temporal.CompleteAsyncError();
    },
    error: temporalError,
  });
}

const BEAT_MS = 25;

async function interpret(script: Script, recorder: Recorder, world: World): Promise<unknown> {
  recorder.started(world.attempt, world.details);
  const steps = script[Math.min(recorder.attempts.length, script.length) - 1] ?? [];
  for (const step of steps) {
    if (step === 'heartbeat') world.heartbeat();
    else if (step === 'until told') await untilTold(recorder, world);
    else if (step === 'rethrow') throw world.signal.reason;
    else if (step === 'hang') await world.cancelled;
    else if (step === 'complete async') {
      recorder.tokens.push(world.token());
      recorder.reach('open');
      world.completeAsync();
    } else if ('heartbeat' in step) world.heartbeat(step.heartbeat);
    else if ('sleep' in step) await world.sleep(step.sleep);
    else if ('reach' in step) recorder.reach(step.reach);
    else if ('wait' in step) await recorder.at(step.wait);
    else if ('throw' in step) throw world.error(step.throw);
    else return step.return;
  }
  return undefined;
}

async function untilTold(recorder: Recorder, world: World): Promise<void> {
  try {
    for (;;) {
      world.heartbeat('beat');
      await world.sleep(BEAT_MS);
    }
  } catch {
    recorder.wasTold((world.signal.reason as Error).message, world.cancellationDetails());
    recorder.reach('told');
  }
}

function systoleError(thrown: Thrown): unknown {
  if (thrown.kind === 'application') {
    const { cause, ...fields } = thrown;
    return ApplicationFailure.create({
      ...fields,
      ...(cause === undefined ? undefined : { cause: systoleError(cause) }),
    });
  }
  if (thrown.kind === 'cancelled') return new CancelledFailure('CANCELLED');
  return plainError(thrown);
}

function temporalError(thrown: Thrown): unknown {
  if (thrown.kind === 'application') {
    const { cause, details, ...fields } = thrown;
    return temporal.ApplicationFailure.create({
      ...fields,
      ...(details === undefined ? undefined : { details: [...details] }),
      ...(cause === undefined ? undefined : { cause: temporalError(cause) as Error }),
    });
  }
  if (thrown.kind === 'cancelled') return new temporal.CancelledFailure('CANCELLED');
  return plainError(thrown);
}

function plainError(thrown: Exclude<Thrown, { kind: 'application' | 'cancelled' }>): unknown {
  if (thrown.kind === 'text') return thrown.text;
  if (thrown.kind === 'object') return { message: thrown.message };
  if (thrown.kind === 'abort') return new DOMException('aborted', 'AbortError');
  const { kind, message, name } = thrown;
  const error = kind === 'TypeError' ? new TypeError(message) : new Error(message);
  return name === undefined ? error : Object.assign(error, { name });
}

/** What an attempt knows about the activity that it belongs to. */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import type { ActivityContext } from '../context/context.js';
import type { Announced } from '../shared/announce.js';
import type { Place } from '../shared/place.js';
import type { Checkpoint } from './checkpoint.js';

/** An activity function without its exact types. */
export type AnyFunction = (this: void, ctx: ActivityContext, ...args: unknown[]) => unknown;

/**
 * The activity that an attempt belongs to. It decides what the outcome of the attempt means.
 *
 * @typeParam A the attempt
 */
export interface AttemptOwner<A> extends Announced {
  readonly scheduledAt: number;
  /** The place where the function runs; undefined for this event loop. */
  readonly place: Place | undefined;
  /** The scheduleToClose deadline; Infinity without one. */
  readonly expiresAt: number;
  readonly checkpoint: Checkpoint;
  /** The newest heartbeat details of any attempt. */
  readonly details: Snapshot | undefined;
  /** A copy of the newest heartbeat details of any attempt. */
  copyDetails(): unknown;
  /** Times the attempt out if a limit has passed that holds even on a blocked event loop. */
  enforceLimits(): boolean;
  /** Called when the attempt was asked to stop. */
  changed(): void;
  /** Called when the attempt has an earlier deadline than before. */
  rearm(now: number): void;
  returned(attempt: A, result: unknown): void;
  threw(attempt: A, thrown: unknown): void;
  /** Called when the attempt continues without its function and without a slot. */
  leftOpen(attempt: A): void;
}

/** What an interceptor can see of the runtime that it is attached to. */
import type { ActivityEventName, ActivityListener } from '../../kernel/events.js';

/** The number of open activities of a runtime, by what they are doing. */
export interface RuntimeStats {
  /** All activities that have not closed. */
  readonly open: number;
  /** Activities with a running attempt. An attempt that is completed from outside counts too. */
  readonly running: number;
  /** Activities that are waiting for a free slot. */
  readonly waiting: number;
  /** Activities that are paused while no attempt runs. */
  readonly paused: number;
  /**
   * Activities that are in a start delay or a backoff, or that wait for their store, for an earlier
   * function, or for the functions of their retry policy.
   */
  readonly delayed: number;
  /** Slots that running attempts hold. */
  readonly slotsUsed: number;
  /** Slots that are free; `Infinity` without `maxConcurrentActivities`. */
  readonly slotsAvailable: number;
  /** The longest that an activity has waited for its slot so far, in milliseconds; 0 if none waits. */
  readonly oldestWaitMs: number;
}

/** The runtime that `attach` of an interceptor receives. */
export interface AttachedRuntime {
  /**
   * Calls the listener at each event of that name, before the listeners that the program adds. The
   * runtime still logs failures that no other listener or caller receives.
   */
  on<Name extends ActivityEventName>(
    this: void,
    event: Name,
    listener: ActivityListener<Name>,
  ): void;
  /** Returns the same counts as `runtime.stats()`. */
  stats(this: void): RuntimeStats;
}

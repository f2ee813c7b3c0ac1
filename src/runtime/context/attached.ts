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
   * Activities in a start delay or a backoff, or waiting for their store or for an earlier
   * function.
   */
  readonly delayed: number;
}

/** A runtime, as `attach` of an interceptor is given it. */
export interface AttachedRuntime {
  /**
   * Calls the listener at each such event, before the listeners that the program adds. The runtime
   * still logs failures that nobody else was told of.
   */
  on<Name extends ActivityEventName>(
    this: void,
    event: Name,
    listener: ActivityListener<Name>,
  ): void;
  /** The counts that `runtime.stats()` gives. */
  stats(this: void): RuntimeStats;
}

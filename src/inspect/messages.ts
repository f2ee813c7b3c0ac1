/** What the server tells the page. All of it is plain JSON, and arguments are never in it. */
import type { Limit } from '../live/deadline.js';
import type { Progress } from '../live/progress.js';
import type { LiveState } from '../live/state.js';
import type { RuntimeStats } from '../runtime/context/attached.js';
import type { TimelineEvent } from '../timeline/events.js';

/** One line of the list. Times are wall times in milliseconds. */
export interface Row {
  readonly id: string;
  readonly type: string;
  readonly state: LiveState;
  readonly attempt: number;
  readonly scheduledAt: number;
  readonly startedAt?: number | undefined;
  readonly beatAt?: number | undefined;
  /** When the next attempt is due, if a delay or a backoff runs. */
  readonly nextAt?: number | undefined;
  readonly limit?: Limit | undefined;
  readonly progress?: Progress | undefined;
}

/** The counts of `runtime.stats()`. JSON has no Infinity, so what is unlimited is absent. */
export type Counts = Omit<RuntimeStats, 'slotsAvailable'> & {
  readonly slotsAvailable?: number | undefined;
};

/** The first message of a connection. */
export interface Hello {
  /** Differs from one start of the program to the next. */
  readonly run: string;
  readonly actions: boolean;
  readonly details: boolean;
}

/** What has changed since the last message. */
export interface Changes {
  /** The wall time of the program in milliseconds. */
  readonly now: number;
  readonly counts: Counts;
  /** Forget all rows before. */
  readonly fresh?: boolean;
  readonly rows?: readonly Row[];
  readonly gone?: readonly string[];
}

/** What the page of one activity shows. Of one that has closed, there are only the events. */
export interface ActivityPage {
  readonly row?: Row | undefined;
  readonly details?: string | undefined;
  readonly lastFailure?: string | undefined;
  readonly canceledReason?: string | undefined;
  readonly abandonedAttempts?: number | undefined;
  /** The options that are set, by name. */
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** The events of the activity that are recorded. */
  readonly events: readonly TimelineEvent[];
}

/** A part of the recording. */
export interface TimelinePart {
  /** The number to ask with next time: the events after it are new. */
  readonly next: number;
  readonly events: readonly TimelineEvent[];
}

/** What a page can ask the program to do, if actions are allowed. */
export const ACTIONS = ['cancel', 'pause', 'unpause', 'reset', 'terminate'] as const;

export type Action = (typeof ACTIONS)[number];

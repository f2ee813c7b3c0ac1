/** `handle.heartbeats()`: follows the reports of one activity. */
import { ignore } from '../kernel/promises.js';
import type { Activity } from './activity/activity.js';

/** One report of an activity, as `handle.heartbeats()` yields it. */
export interface HeartbeatReport<Details = unknown> {
  /** A copy of the reported details. */
  readonly details: Details;
  /** The number of the attempt that sent the details. */
  readonly attempt: number;
  /** When the details were reported, in milliseconds since the Unix epoch. */
  readonly timestamp: number;
}

/** The iterators are independent. Each gets the newest report when it asks. */
export function heartbeatsOf(activity: Activity): AsyncIterable<HeartbeatReport> {
  return { [Symbol.asyncIterator]: () => iterate(activity) };
}

function iterate(activity: Activity): AsyncIterator<HeartbeatReport, undefined> {
  let wake = ignore;
  let left = false;
  const reports = follow();
  return {
    next: () => reports.next(),
    // Without this, a waiting generator would notice only at the next report.
    return: () => {
      left = true;
      wake();
      return reports.return(undefined);
    },
  };

  async function* follow(): AsyncGenerator<HeartbeatReport, undefined> {
    const { checkpoint, services } = activity;
    const unfollow = checkpoint.follow(() => wake());
    let seen: object | undefined;
    try {
      while (!left) {
        const { report } = checkpoint;
        if (report !== undefined && report !== seen) {
          seen = report;
          const { attempt, at } = report;
          const timestamp = services.clock.wallAt(at);
          yield { details: checkpoint.copy(report.details), attempt, timestamp };
        } else if (activity.isOpen) await new Promise<void>((resolve) => (wake = resolve));
        else break;
      }
    } finally {
      unfollow();
    }
    return undefined;
  }
}

/** Shuts a runtime down. */
import type { Deadlines } from '../kernel/deadlines.js';
import { badOption, checkNames, hints, type OptionNames } from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import type { Activity } from './activity/activity.js';
import { closeForShutdown, shutDown as stop } from './activity/stopping.js';
import type { Roster } from './shared/registry.js';
import type { Services } from './shared/services.js';

/** The options of `runtime.shutdown()`: what to wait for, and how long. */
export interface ShutdownOptions {
  /**
   * Whether waiting activities still run. Default false: they close, and their details are kept.
   */
  readonly drain?: boolean | undefined;
  /**
   * How long running attempts may continue before they are cancelled. Default 0. With `drain`, the
   * default is no limit.
   */
  readonly gracePeriod?: Duration | undefined;
  /**
   * How long to wait after the grace period for functions that ignore the cancellation. Default
   * `'10s'`.
   */
  readonly abandonAfter?: Duration | undefined;
}

/** What a shutdown has left behind. */
export interface ShutdownResult {
  /** The ids of activities that still have a running function. */
  readonly abandonedActivityIds: readonly string[];
}

const NAMES: OptionNames = {
  of: 'shutdown',
  example: "{ gracePeriod: '5s' }",
  known: ['drain', 'gracePeriod', 'abandonAfter'],
  elsewhere: (name) => hints(HINTS, name),
};

const HINTS: Readonly<Record<string, string>> = {
  timeout: 'gracePeriod and abandonAfter',
  force: 'abandonAfter: 0',
  shutdownGraceTime: 'gracePeriod',
  shutdownForceTime: 'abandonAfter',
};

const ABANDON_AFTER_MS = 10_000;

/** How long a store may take for the last details of abandoned activities. */
const LAST_WRITES_MS = 1_000;

/** The shutdown options with their defaults filled in. */
export interface ResolvedShutdown {
  readonly drain: boolean;
  readonly graceMs: number;
  readonly abandonMs: number;
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function resolveShutdown(options: ShutdownOptions): ResolvedShutdown {
  checkNames(options, NAMES);
  const { drain = false, gracePeriod = drain ? Infinity : 0, abandonAfter } = options;
  if (typeof drain !== 'boolean') throw badOption('drain', drain, 'true or false');
  return {
    drain,
    graceMs: durationMs(gracePeriod, 'gracePeriod'),
    abandonMs:
      abandonAfter === undefined ? ABANDON_AFTER_MS : durationMs(abandonAfter, 'abandonAfter'),
  };
}

/** Closes every open activity and waits for the functions. New work is already refused. */
export async function shutDown(
  { drain, graceMs, abandonMs }: ResolvedShutdown,
  { open, closedButRunning }: Roster<Activity>,
  { deadlines, slots, writers, ledger }: Services,
): Promise<ShutdownResult> {
  // All at once, so that a free slot does not start an activity that is about to be closed.
  const all = (end: (activity: Activity) => void): void => {
    slots.holdWhile(() => {
      for (const activity of open.all()) {
        if (activity.isOpen) end(activity); // the end of another one may have closed it
      }
    });
  };
  const writesAreOver = async (): Promise<void> => {
    for (const writer of writers.values()) await writer.flush();
    await ledger?.settle();
  };
  const allOver = async (): Promise<void> => {
    await Promise.all(open.all().map((activity) => activity.settled()));
    await Promise.all([...closedButRunning.keys()].map(({ promise }) => promise));
    await writesAreOver();
  };
  const workIsOver = async (): Promise<boolean> => {
    all((activity) => {
      const { attempt, phase } = activity.state;
      // A paused activity would never be unpaused.
      if (attempt === undefined && (!drain || phase === 'PAUSED')) stop(activity);
    });
    return within(allOver(), graceMs, deadlines);
  };
  if (graceMs === 0 || !(await workIsOver())) {
    all(stop);
    await within(allOver(), abandonMs, deadlines);
    all(closeForShutdown);
    await within(writesAreOver(), LAST_WRITES_MS, deadlines); // of details that were held back
  }
  deadlines.clearIdleTimer();
  return { abandonedActivityIds: [...new Set(closedButRunning.values())] };
}

/** Whether the work is over within the time. */
function within(work: Promise<unknown>, ms: number, deadlines: Deadlines): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = ms === Infinity ? undefined : deadlines.setTimer(() => resolve(false), ms);
    void work.then(() => {
      timer?.clear();
      resolve(true);
    });
  });
}

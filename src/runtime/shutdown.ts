/** The end of a runtime. */
import type { Deadlines } from '../kernel/deadlines.js';
import { badOption, checkNames, hints, type OptionNames } from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import type { Activity } from './activity/activity.js';
import { closeForShutdown, shutDown as stop } from './activity/stopping.js';
import type { Roster } from './shared/registry.js';
import type { Services } from './shared/services.js';

/** The options of `runtime.shutdown()`: how long to wait, and for what. */
export interface ShutdownOptions {
  /**
   * Whether activities that are waiting still run. Default false: they reject, and their details
   * are kept.
   */
  readonly drain?: boolean | undefined;
  /**
   * How long running attempts have before they are cancelled. Default 0; with `drain` as long as
   * they need.
   */
  readonly gracePeriod?: Duration | undefined;
  /**
   * How long functions that ignore the cancellation are waited for after the grace. Default
   * `'10s'`.
   */
  readonly abandonAfter?: Duration | undefined;
}

/** What a shutdown had to leave behind. */
export interface ShutdownResult {
  /** The ids of activities of which a function is still running. */
  readonly abandonedActivityIds: readonly string[];
}

const NAMES: OptionNames = {
  of: 'shutdown',
  example: "{ gracePeriod: '5s' }",
  known: new Set(['drain', 'gracePeriod', 'abandonAfter']),
  elsewhere: (name) => hints(HINTS, name),
};

const HINTS: Readonly<Record<string, string>> = {
  timeout: 'gracePeriod, and abandonAfter',
  force: 'abandonAfter: 0',
  shutdownGraceTime: 'gracePeriod',
  shutdownForceTime: 'abandonAfter',
};

const ABANDON_AFTER_MS = 10_000;

/** How long a store has for the last details of what had to be abandoned. */
const LAST_WRITES_MS = 1_000;

/** Shutdown options with nothing left open. */
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

/** Ends every open activity, and waits for the functions. New work is refused already. */
export async function shutDown(
  { drain, graceMs, abandonMs }: ResolvedShutdown,
  { open, closedButRunning }: Roster<Activity>,
  { deadlines, slots, writers }: Services,
): Promise<ShutdownResult> {
  // All at once: one that gives its slot back must not begin another that is about to be closed.
  const all = (end: (activity: Activity) => void): void => {
    slots.holdWhile(() => {
      for (const activity of open.all()) {
        if (activity.isOpen) end(activity); // the end of another may be its end too
      }
    });
  };
  const writesAreOver = async (): Promise<void> => {
    for (const writer of writers.values()) await writer.flush();
  };
  const allOver = async (): Promise<void> => {
    await Promise.all(open.all().map((activity) => activity.settled()));
    await Promise.all([...closedButRunning.keys()].map(({ promise }) => promise));
    await writesAreOver();
  };
  const workIsOver = async (): Promise<boolean> => {
    all((activity) => {
      const { attempt, phase } = activity.state;
      // Nobody will unpause what is paused.
      if (attempt === undefined && (!drain || phase === 'PAUSED')) stop(activity);
    });
    return within(allOver(), graceMs, deadlines);
  };
  if (graceMs === 0 || !(await workIsOver())) {
    all(stop);
    await within(allOver(), abandonMs, deadlines);
    all(closeForShutdown);
    await within(writesAreOver(), LAST_WRITES_MS, deadlines); // of the details that were held back
  }
  deadlines.clearIdleTimer();
  return { abandonedActivityIds: [...new Set(closedButRunning.values())] };
}

/** Whether the work is over before the time is. */
function within(work: Promise<unknown>, ms: number, deadlines: Deadlines): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = ms === Infinity ? undefined : deadlines.setTimer(() => resolve(false), ms);
    void work.then(() => {
      timer?.clear();
      resolve(true);
    });
  });
}

/** Warnings about functions that are late: to stop, or with a heartbeat. */
import { ignore } from '../../kernel/promises.js';
import { printable } from '../../kernel/text.js';
import { isTimeout } from '../../kernel/thrown.js';
import type { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import type { Interruption } from '../context/interruption.js';
import { log, type Announced } from '../shared/announce.js';

/** What the warnings need of an attempt. */
interface Late {
  readonly owner: Announced;
  readonly number: number;
  readonly alive: HeartbeatMonitor;
  readonly interruption: Interruption;
}

/** How long a function may take to stop. */
const PATIENCE_MS = 2_000;

/** Warns if the function of an attempt still runs a while after it was told to stop. */
export function watchStop(attempt: Late): void {
  const { clock, log: logging } = attempt.owner.services;
  // The timer holds on to the activity, so there is none if nothing is logged.
  if (logging === ignore) return;
  const tell = (): void => {
    const { beatenAt } = attempt.alive;
    const last = beatenAt === undefined ? 'never' : `${Math.round(clock.now() - beatenAt)} ms ago`;
    warn(attempt, `told to stop 2 s ago and still running; last heartbeat ${last}`);
  };
  attempt.interruption.watch(clock.setTimer(tell, PATIENCE_MS, true));
}

/** Warns that a heartbeat came after the heartbeat timeout, which is therefore too short. */
export function warnOfLateBeat(attempt: Late): void {
  const { alive, interruption, owner } = attempt;
  if (!isTimeout(interruption.reason?.cause, 'HEARTBEAT') || !interruption.firstLateBeat()) return;
  const lateMs = Math.round(owner.services.clock.now() - alive.lastBeatAt);
  warn(
    attempt,
    `a heartbeat came ${lateMs} ms after the last one; heartbeatTimeout is ` +
      `${owner.options.heartbeatTimeoutMs} ms, which is shorter than that step`,
  );
}

/** Logs a warning that begins with the name of the activity and the attempt. */
export function warn({ owner, number }: Late, what: string): void {
  log(
    owner,
    'warn',
    number,
    `Activity ${printable(owner.activityType, 100)}, attempt ${number}: ${what}`,
  );
}

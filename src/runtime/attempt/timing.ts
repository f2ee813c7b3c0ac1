/** Computes the time limits of an attempt, from its own options and those of its activity. */
import type { DeadlineType } from '../../kernel/failures.js';
import type { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Services } from '../shared/services.js';

/** The part of an activity that its time limits need. */
interface TimedActivity {
  readonly options: ResolvedOptions;
  readonly services: Services;
  readonly scheduledAt: number;
  /** The scheduleToClose deadline; Infinity without one. */
  readonly expiresAt: number;
}

/** The part of an attempt that its time limits need. */
interface TimedAttempt {
  readonly owner: TimedActivity;
  /** The number of the attempt, from 1. */
  readonly number: number;
  /** The time at which the attempt began to wait for its slot. */
  readonly dispatchedAt: number;
  readonly startedAt: number;
  readonly alive: HeartbeatMonitor;
  /** Watches for progress; undefined without a `progressTimeout`. */
  readonly progress: HeartbeatMonitor | undefined;
  /** The reports of the attempt; undefined before its first details. */
  readonly reports: { readonly dueAt: number } | undefined;
}

function startToCloseAt({ owner, startedAt }: TimedAttempt): number {
  const timeoutMs = owner.options.startToCloseTimeoutMs;
  return timeoutMs > 0 ? startedAt + timeoutMs : Infinity;
}

/** The first limit that holds even if the event loop is blocked. */
export function limitAt(attempt: TimedAttempt): number {
  return Math.min(startToCloseAt(attempt), attempt.owner.expiresAt);
}

/** The time of the next timeout or report. */
export function nextDue(attempt: TimedAttempt): number {
  const progressAt = attempt.progress?.deadline ?? Infinity;
  const reportAt = attempt.reports?.dueAt ?? Infinity;
  return Math.min(limitAt(attempt), attempt.alive.deadline, progressAt, reportAt);
}

/**
 * The limit that comes first. On a tie it is startToClose, as in Temporal. A first attempt that
 * starts at once is an exception, because on Temporal it would start a little later.
 */
export function firstLimit(attempt: TimedAttempt): DeadlineType {
  const startedWhenScheduled = attempt.number === 1 && attempt.startedAt === attempt.dispatchedAt;
  const [startToClose, { expiresAt }] = [startToCloseAt(attempt), attempt.owner];
  const first = startedWhenScheduled ? startToClose < expiresAt : startToClose <= expiresAt;
  return first ? 'START_TO_CLOSE' : 'SCHEDULE_TO_CLOSE';
}

/**
 * The deadline that has passed first. Undefined if the attempt still has time, or gets more because
 * the event loop was blocked. On a tie, a limit comes before the heartbeat timeout, as in Temporal.
 */
export function expired(attempt: TimedAttempt, now: number): DeadlineType | undefined {
  const { alive, progress, owner } = attempt;
  const { clock } = owner.services;
  for (;;) {
    const limit = limitAt(attempt);
    const heartbeatAt = alive.deadline;
    const progressAt = progress?.deadline ?? Infinity;
    const due = Math.min(limit, heartbeatAt, progressAt);
    if (due > now) return undefined;
    if (due === limit) return firstLimit(attempt);
    if (due === heartbeatAt) {
      if (!alive.extend(now, clock.now())) return 'HEARTBEAT';
    } else if (progress?.extend(now, clock.now()) !== true) return 'PROGRESS';
  }
}

/** The time from which a timeout of this type counts. */
export function waitedSince(attempt: TimedAttempt, timeoutType: DeadlineType): number {
  const { alive, progress, owner, startedAt } = attempt;
  if (timeoutType === 'HEARTBEAT') return alive.lastBeatAt;
  if (timeoutType === 'PROGRESS') return progress?.lastBeatAt ?? startedAt;
  return timeoutType === 'START_TO_CLOSE' ? startedAt : owner.scheduledAt;
}

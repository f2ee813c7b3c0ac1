/** The time limits of an attempt: its own, and those of its activity. */
import type { TimeoutType } from '../../kernel/failures.js';
import type { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Services } from '../shared/services.js';

/** An activity, as far as its time limits need it. */
export interface TimedActivity {
  readonly options: ResolvedOptions;
  readonly services: Services;
  readonly scheduledAt: number;
  /** The scheduleToClose deadline; Infinity without one. */
  readonly expiresAt: number;
}

/** An attempt, as far as its time limits need it. */
export interface TimedAttempt {
  readonly owner: TimedActivity;
  /** From 1. */
  readonly number: number;
  /** Since when the attempt had waited for its slot. */
  readonly dispatchedAt: number;
  readonly startedAt: number;
  readonly alive: HeartbeatMonitor;
  /** Undefined without a timeout for progress. */
  readonly progress: HeartbeatMonitor | undefined;
}

function startToCloseAt({ owner, startedAt }: TimedAttempt): number {
  const timeoutMs = owner.options.startToCloseTimeoutMs;
  return timeoutMs > 0 ? startedAt + timeoutMs : Infinity;
}

/** The limit that counts time on the wall, whether the event loop is blocked or not. */
export function limitAt(attempt: TimedAttempt): number {
  return Math.min(startToCloseAt(attempt), attempt.owner.expiresAt);
}

/** When the first timeout falls due. */
export function firstTimeoutAt(attempt: TimedAttempt): number {
  const progressAt = attempt.progress?.deadline ?? Infinity;
  return Math.min(limitAt(attempt), attempt.alive.deadline, progressAt);
}

/**
 * Which limit comes first. On a tie it is startToClose, as in Temporal; but a first attempt, which
 * starts here the moment it is scheduled, would start a little later there.
 */
export function firstLimit(attempt: TimedAttempt): TimeoutType {
  const startedWhenScheduled = attempt.number === 1 && attempt.startedAt === attempt.dispatchedAt;
  const [startToClose, { expiresAt }] = [startToCloseAt(attempt), attempt.owner];
  const first = startedWhenScheduled ? startToClose < expiresAt : startToClose <= expiresAt;
  return first ? 'START_TO_CLOSE' : 'SCHEDULE_TO_CLOSE';
}

/**
 * The deadline that has passed first; undefined if the attempt has time, or was given more because
 * the event loop was blocked. On a tie a limit comes before heartbeat, as in Temporal.
 */
export function expired(attempt: TimedAttempt, now: number): TimeoutType | undefined {
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

/** Since when the attempt has waited for what a timeout of this type says did not come. */
export function waitedSince(attempt: TimedAttempt, timeoutType: TimeoutType): number {
  const { alive, progress, owner, startedAt } = attempt;
  if (timeoutType === 'HEARTBEAT') return alive.lastBeatAt;
  if (timeoutType === 'PROGRESS') return progress?.lastBeatAt ?? startedAt;
  return timeoutType === 'START_TO_CLOSE' ? startedAt : owner.scheduledAt;
}

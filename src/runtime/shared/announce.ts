/** What an activity is called wherever it makes itself heard, and its log lines. */
import { LOG_LEVELS, type Logger, type LogLevel } from '../../kernel/logger.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Services } from './services.js';

/** An activity, as far as others need to know it. */
export interface Announced {
  readonly services: Services;
  readonly options: ResolvedOptions;
  readonly activityId: string;
  readonly activityType: string;
}

export interface Attributes {
  readonly activityId: string;
  readonly activityType: string;
  readonly attempt: number;
}

export function attributesOf(activity: Announced, attempt: number): Attributes {
  const { activityId, activityType } = activity;
  return { activityId, activityType, attempt };
}

export function log(
  activity: Announced,
  level: LogLevel,
  attempt: number,
  message: string,
  more?: Readonly<Record<string, unknown>>,
): void {
  activity.services.log(level, message, { ...attributesOf(activity, attempt), ...more });
}

/** A logger whose lines say which attempt they are about. */
export function loggerOf(activity: Announced, attempt: number): Logger {
  const logger: Partial<Logger> = {};
  for (const level of LOG_LEVELS) {
    logger[level] = (message, more) => {
      log(activity, level, attempt, message, more);
    };
  }
  return logger as Logger;
}

/** The names of an activity in events and logs, and its log lines. */
import { loggerThat, type LogAttributes, type Logger, type LogLevel } from '../../kernel/logger.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Services } from './services.js';

/** The part of an activity that events and logs need. */
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

/** A logger that adds the activity and the attempt to each line. */
export function loggerOf(activity: Announced, attempt: number): Logger {
  return loggerThat((level, message, more) => {
    const { interceptors, log } = activity.services;
    let line: LogAttributes = { ...attributesOf(activity, attempt), ...more };
    try {
      line = interceptors.log?.(line) ?? line;
    } catch (error) {
      log('error', 'A log interceptor failed', { ...line, error });
    }
    log(level, message, line);
  });
}

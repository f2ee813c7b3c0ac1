/** How an activity makes itself heard: events and log lines, each with its name on it. */
import type { ActivityEventName, EventFields } from '../../kernel/events.js';
import type { LogLevel } from '../../kernel/logger.js';
import type { ResolvedOptions } from '../options/activity-options.js';
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

/** What most events add to the fields that all have. */
export const NO_FIELDS = {};

/** Tells the listeners of an event; makes nothing if there are none. */
export function emit<Name extends ActivityEventName>(
  activity: Announced,
  name: Name,
  attempt: number,
  fields: EventFields<Name>,
): void {
  const { events, clock } = activity.services;
  if (!events.has(name)) return;
  const common = { ...attributesOf(activity, attempt), timestamp: clock.wallNow() };
  events.emit(name, Object.assign(common, fields));
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

/** The events of a recording: plain JSON, one line each. */
import { badInput, badOption } from '../kernel/bad-input.js';
import type { ActivityEventName } from '../kernel/events.js';
import { printable } from '../kernel/text.js';

/**
 * The name of a timeline event. Most are events of the runtime.
 *
 * - `'recording'`: The beginning of the recording. Times in pictures count from its `at`.
 * - `'blocked'`: The event loop was blocked for `blockedMs`, until `at`.
 */
export type TimelineEventName = ActivityEventName | 'recording' | 'blocked';

/** One event of a recording, as plain JSON. A field without a value is absent. */
export interface TimelineEvent {
  /** When the event happened, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The name of what happened. */
  readonly event: TimelineEventName;
  /** The id of the activity, as given or generated. */
  readonly activityId?: string | undefined;
  /** The type of the activity: by default the name of its function. */
  readonly activityType?: string | undefined;
  /** The number of the attempt that the event is about. */
  readonly attempt?: number | undefined;
  /** Heartbeat details as short text: what was reported, or what an attempt was given. */
  readonly details?: string | undefined;
  /** How the attempt ended or the activity closed, such as `'TIMED_OUT'`. */
  readonly outcome?: string | undefined;
  /** The timeout that passed, such as `'HEARTBEAT'`. */
  readonly timeoutType?: string | undefined;
  /** Why the attempt ended or the activity closed, as short text. */
  readonly reason?: string | undefined;
  /** The delay before the next attempt, in milliseconds. */
  readonly delayMs?: number | undefined;
  /** How long the event loop was blocked, in milliseconds. */
  readonly blockedMs?: number | undefined;
  /** The number of running activities after the event. */
  readonly running?: number | undefined;
  /** The number of activities that wait for a slot after the event. */
  readonly waiting?: number | undefined;
  /** The number of older events that the recording dropped because of its `limit`. */
  readonly dropped?: number | undefined;
}

/** What a picture can be drawn from: a recording, its events, or its lines as text. */
export type Recorded =
  | {
      /** Returns the events of the recording, in order. */
      toJSON(): readonly TimelineEvent[];
    }
  | readonly TimelineEvent[]
  | string;

/** The most characters of an id, a type or a reason that are kept. */
export const LONGEST_TEXT = 200;

/**
 * The events of a recording in order of time. What is not such an event is left out: a recording may
 * come from a file that another version has written or that anyone has changed.
 *
 * @param called the name of the function that the user has called
 * @throws TypeError if nothing of it is an event, or if the text is not lines of JSON; a last line
 * that was cut off is ignored, because a process may die while it writes
 */
export function eventsOf(recorded: Recorded, called: string): TimelineEvent[] {
  const list = listOf(recorded, called);
  const events = Array.isArray(list) ? list.flatMap(checked) : undefined;
  if (events === undefined || (events.length === 0 && (list as unknown[]).length > 0)) {
    throw notRecorded(recorded, called);
  }
  return events.sort((a, b) => a.at - b.at);
}

function notRecorded(given: unknown, called: string): TypeError {
  return badOption(called, given, 'what record() returned, its events or its lines');
}

function listOf(recorded: Recorded, called: string): unknown {
  if (typeof recorded === 'string') return parse(recorded, called);
  if (Array.isArray(recorded)) return recorded;
  return (
    recorded as Partial<Exclude<Recorded, readonly TimelineEvent[] | string>> | null
  )?.toJSON?.();
}

function parse(text: string, called: string): unknown[] {
  const lines = text.split('\n');
  const isOneLine = !text.trim().includes('\n');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      if (index === lines.length - 1 && line.startsWith('{')) return []; // it was cut off
      if (isOneLine) throw notRecorded(text, called); // such as the name of a file
      throw badInput(`Line ${index + 1} of the recording is not JSON: ${printable(line, 60)}`);
    }
  });
}

const TEXTS = [
  'activityId',
  'activityType',
  'details',
  'outcome',
  'timeoutType',
  'reason',
] as const;
const COUNTS = ['attempt', 'delayMs', 'blockedMs', 'running', 'waiting', 'dropped'] as const;

/** The furthest time from 1970 that a `Date` can show. */
const MAX_MS = 8.64e15;

/** Most text is plain and short, and a test for that costs less than the search for the rest. */
const PLAIN = /^[ -~]{0,200}$/;

function legible(text: string): string {
  if (PLAIN.test(text)) return text;
  return printable(text, LONGEST_TEXT).replace(/\p{Cs}/gu, '\ufffd'); // a half of a character
}

function checked(given: unknown): TimelineEvent[] {
  if (typeof given !== 'object' || given === null) return [];
  const { at, event } = given as TimelineEvent;
  if (typeof event !== 'string' || typeof at !== 'number' || !(Math.abs(at) <= MAX_MS)) return [];
  const fields: Partial<Record<string, unknown>> = { at, event };
  for (const name of TEXTS) {
    const value = (given as TimelineEvent)[name];
    if (typeof value === 'string') fields[name] = legible(value);
  }
  for (const name of COUNTS) {
    const value = (given as TimelineEvent)[name];
    if (typeof value === 'number' && value >= 0 && value <= MAX_MS) fields[name] = value;
  }
  return [fields as unknown as TimelineEvent];
}

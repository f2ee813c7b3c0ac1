/** What failures mean for spans and metrics. */
import { ApplicationFailure, TimeoutFailure } from '../kernel/failures.js';
import { printable } from '../kernel/text.js';
import { shownName } from '../kernel/thrown.js';
import type { Attributes } from './api.js';
import { KEYS } from './names.js';

/** How an attempt ended or an activity closed: a status of activities, or why an attempt stopped. */
export type Outcome =
  'COMPLETED' | 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED' | 'PAUSED' | 'RESET';

/** Whether an outcome is an error. A pause or a cancellation is not, because someone asked for it. */
export function isError(outcome: Outcome): boolean {
  return outcome === 'FAILED' || outcome === 'TIMED_OUT';
}

export function failureAttributes(failure: Error): Attributes {
  return { [KEYS.errorType]: errorType(failure), ...timeoutAttributes(failure) };
}

export function timeoutAttributes(failure: Error | undefined): Attributes {
  return failure instanceof TimeoutFailure ? { [KEYS.timeoutType]: failure.timeoutType } : {};
}

/** The type that a user gave an `ApplicationFailure`, or the name of the error. */
function errorType(failure: Error): string {
  try {
    const type = failure instanceof ApplicationFailure ? failure.type : undefined;
    return printable(type ?? shownName(failure), 100);
  } catch {
    return 'Error'; // the user's own error throws when it is read
  }
}

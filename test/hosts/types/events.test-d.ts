// Events of a runtime: payloads by name.
import {
  ActivityRuntime,
  type ActivityEvent,
  type ActivityEventName,
  type ActivityEvents,
  type ActivityListener,
} from 'systole';
import { check, typeOf, type Equal } from './assert.js';

const runtime = new ActivityRuntime();

// What every payload has.
declare const common: ActivityEvent;
typeOf(common.activityId).is<string>();
typeOf(common.activityType).is<string>();
typeOf(common.attempt).is<number>();
typeOf(common.timestamp).is<number>();
check<ActivityEvents[ActivityEventName] extends ActivityEvent ? true : false>(true);

// The listener's parameter follows from the name.
runtime.on('scheduled', ({ activityId, startDelayMs }) => {
  typeOf(activityId).is<string>();
  typeOf(startDelayMs).is<number | undefined>();
});
runtime.on('failed', () => {}, { passive: true });
runtime.on('started', (event) => typeOf(event).is<ActivityEvent>());
runtime.on('attemptAbandoned', (event) => typeOf(event).is<ActivityEvent>());
runtime.on('heartbeat', (event) => {
  typeOf(event.details).is<unknown>();
  typeOf(event.attempt).is<number>();
});
runtime.on('attemptFailed', ({ failure, nextAttempt, timestamp }) => {
  typeOf(failure).is<Error>();
  typeOf(timestamp).is<number>();
  typeOf(nextAttempt).is<{ readonly attempt: number; readonly delayMs: number } | undefined>();
  // @ts-expect-error 'nextAttempt' is possibly 'undefined'
  return nextAttempt.delayMs;
});
runtime.on('completed', (event) => typeOf(event.result).is<unknown>());
runtime.on('failed', (event) => {
  typeOf(event.failure).is<Error>();
  typeOf(event.status).is<'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED'>();
});
runtime.on('attemptSettled', (event) => {
  // @ts-expect-error Property 'result' does not exist on type
  event.result;
  // @ts-expect-error Property 'error' does not exist on type
  event.error;
  if ('error' in event) {
    typeOf(event.error).is<unknown>();
    // @ts-expect-error Property 'result' does not exist on type
    return event.result;
  }
  typeOf(event).is<ActivityEvent & { readonly result: unknown }>();
  return event.result;
});

// Listening: the answer takes the listener off again; what a listener returns is its own affair.
typeOf(runtime.on('started', () => {})).is<() => void>();
typeOf(runtime.once('completed', async () => 1)).is<() => void>();
runtime.once('failed', ({ failure }) => failure.message);
const onAny: ActivityListener<ActivityEventName> = (event) => event.activityId;
const names: ActivityEventName[] = ['scheduled', 'heartbeat', 'attemptSettled', 'failed'];
for (const name of names) runtime.on(name, onAny);
const onFailed: ActivityListener<'failed'> = (event) => typeOf(event.failure).is<Error>();
runtime.on('failed', onFailed);

// Payloads are frozen.
runtime.on('heartbeat', (event) => {
  // @ts-expect-error Cannot assign to 'details' because it is a read-only property
  event.details = 1;
  // @ts-expect-error Cannot assign to 'activityId' because it is a read-only property
  event.activityId = 'other';
});

// Refused.
// @ts-expect-error '"finished"' is not assignable to parameter of type 'keyof ActivityEvents'
runtime.on('finished', () => {});
// @ts-expect-error '"Heartbeat"' is not assignable to parameter of type 'keyof ActivityEvents'
runtime.once('Heartbeat', () => {});
// @ts-expect-error Property 'result' does not exist on type
runtime.on('failed', (event) => event.result);
// @ts-expect-error Argument of type '"completed"' is not assignable to parameter of type '"failed"'
runtime.on('completed', onFailed);
// @ts-expect-error Expected 2-3 arguments, but got 1
runtime.on('failed');
// @ts-expect-error Property 'emit' does not exist on type 'ActivityRuntime'
runtime.emit('failed', {});

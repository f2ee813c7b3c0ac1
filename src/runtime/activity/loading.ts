/** Reads the details that the store kept of an activity, before its first attempt. */
import { loadDetails } from '../../heartbeat/store/load.js';
import type { HeartbeatStore } from '../../heartbeat/store/store.js';
import type { Activity } from './activity.js';
import { conclude } from './endings.js';
import { failing } from './next-attempt.js';

/** An activity that has not asked for a slot yet. */
interface Loading extends Activity {
  dispatch(now: number): void;
}

/** Reads the store. The first attempt waits for it. */
export function load(activity: Loading, store: HeartbeatStore, activityId: string): void {
  const { services, state } = activity;
  state.beginLoading();
  activity.rearm(services.clock.now()); // a recovered activity was scheduled long ago
  const earlier = services.writers.get(activityId)?.flush();
  if (earlier === undefined) read(activity, store, activityId);
  else void earlier.then(() => read(activity, store, activityId));
}

function read(activity: Loading, store: HeartbeatStore, activityId: string): void {
  if (!activity.isOpen) return;
  const { services, state } = activity;
  loadDetails(store, activityId, services.codec, (details, failure) => {
    if (!activity.isOpen) return;
    const { forgotten } = activity; // a reset may have come meanwhile
    if (details !== undefined && !forgotten) activity.checkpoint.adopt(details);
    state.endLoading();
    if (failure === undefined || forgotten) activity.dispatch(services.clock.now());
    else conclude(activity, failing('FAILED', failure, 'NON_RETRYABLE_FAILURE'));
  });
}

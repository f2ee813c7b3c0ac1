/** The names of spans, attributes and metrics. Dashboards and alerts may depend on all of them. */

/** The scope of the tracer and the meter. */
export const SCOPE = 'systole';

/** The names of spans; the type of the activity follows. */
export const SPANS = {
  activity: 'Activity:',
  /** The name that Temporal's own instrumentation uses. */
  attempt: 'RunActivity:',
} as const;

/** The names of events on the span of an attempt. */
export const SPAN_EVENTS = {
  heartbeat: 'heartbeat',
  timedOut: 'timed_out',
  abandoned: 'abandoned',
  paused: 'paused',
} as const;

/** The keys of the attributes of spans and metrics. */
export const KEYS = {
  id: 'systole.activity.id',
  type: 'systole.activity.type',
  attempt: 'systole.attempt',
  status: 'systole.status',
  retryState: 'systole.retry_state',
  timeoutType: 'systole.timeout_type',
  errorType: 'error.type',
  /** An attribute of the metric `systole.activities` only. */
  state: 'systole.state',
  /** An attribute of the event `heartbeat` only. */
  details: 'systole.heartbeat.details',
} as const;

/** The metrics: their names, units and descriptions. */
export const METRICS = {
  scheduleToStart: {
    name: 'systole.activity.schedule_to_start.duration',
    unit: 's',
    description: 'How long attempts waited for a slot',
  },
  execution: {
    name: 'systole.activity.execution.duration',
    unit: 's',
    description: 'How long attempts took, by outcome',
  },
  endToEnd: {
    name: 'systole.activity.end_to_end.duration',
    unit: 's',
    description: 'How long activities took from the call to their end',
  },
  failed: {
    name: 'systole.activity.attempts.failed',
    unit: '{attempt}',
    description: 'Attempts that failed or timed out',
  },
  abandoned: {
    name: 'systole.activity.attempts.abandoned',
    unit: '{attempt}',
    description: 'Attempts that ended while their functions were still running',
  },
  heartbeats: {
    name: 'systole.activity.heartbeats',
    unit: '{heartbeat}',
    description: 'Calls of ctx.heartbeat()',
  },
  slotsUsed: {
    name: 'systole.slots.used',
    unit: '{slot}',
    description: 'Slots that running attempts hold',
  },
  slotsAvailable: {
    name: 'systole.slots.available',
    unit: '{slot}',
    description: 'Slots that are free, of runtimes with a limit',
  },
  activities: {
    name: 'systole.activities',
    unit: '{activity}',
    description: 'Open activities, by state',
  },
} as const;

/** Bounds of the histograms in seconds: attempts take milliseconds or hours. */
export const BOUNDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 21_600,
];

/**
 * The rooms of src: what each may import besides itself, and its files. A new file needs a decision:
 * which room does it belong to? Then its name goes into that room's list.
 */

export interface Room {
  readonly imports: readonly string[];
  /** Names without `.ts`. */
  readonly files: readonly string[];
}

export const rooms: Readonly<Record<string, Room>> = {
  // Code that knows nothing about activities.
  kernel: room(
    '',
    `
      bad-input blocks cancellation clock deadline deadlines duration errors events failure
      failures function-name heap logger promises stack-room stack text thrown
    `,
  ),
  // Decides whether a failed attempt is retried, and waits.
  retry: room('kernel', 'classify delay elsewhere loop policy retry-after'),
  // Copies, encodes and measures heartbeat details.
  'heartbeat/details': room('kernel', 'codec copy encoding json same size'),
  // Keeps reports in a store of the user.
  'heartbeat/store': room('kernel heartbeat/details', 'load store'),
  // Knows whether an attempt is alive, and when it reports.
  heartbeat: room('kernel', 'monitor throttle'),
  // What a function is given.
  'runtime/context': room(
    'kernel retry heartbeat',
    `
      ambient attached attempt-context context heartbeat-origin interceptors interruption
      keep-alive sleep source stream watch yield
    `,
  ),
  // The options of calls and runtimes, which are read once.
  'runtime/options': room(
    'kernel retry heartbeat/details heartbeat/store runtime/context',
    'activity-options check-runtime elsewhere patch read resolve runtime-options steering-options table',
  ),
  // What all activities of a runtime share.
  'runtime/shared': room(
    'kernel heartbeat/details heartbeat/store runtime/context runtime/options',
    `
      announce attempt-outcome ids ledger outbox place queue registry services
      shutdown-state signals slots unable
    `,
  ),
  // One attempt.
  'runtime/attempt': room(
    'kernel heartbeat heartbeat/details heartbeat/store runtime/context runtime/options runtime/shared',
    'attempt call checkpoint info late owner reports requests timing',
  ),
  // The life of one activity.
  'runtime/activity': room(
    'kernel retry heartbeat/details heartbeat/store runtime/options runtime/shared runtime/attempt',
    `
      activity caller ending-events endings execution failure-messages hooks loading
      lost-this next-attempt outside past pausing run-state state stopping update-options
      warnings
    `,
  ),
  // The public face.
  runtime: room(
    'kernel heartbeat/details runtime/context runtime/options runtime/shared runtime/attempt runtime/activity',
    `
      completion description engine handle heartbeats joining proxy run-activity runner
      runtime shutdown
    `,
  ),
  // Keeps unfinished activities. Each store of ours has a room of its own.
  durable: room(
    'kernel retry heartbeat/details heartbeat/store runtime/options runtime/shared runtime/attempt runtime/activity',
    `
      draft durable-store entrance entry fence findings leases leaving ledger line machine
      patch port recovery restart tracked with-ledger
    `,
  ),
  'durable/files': room(
    'kernel runtime/shared durable',
    'atomic content file-store folder locks tidy turns',
  ),
  'durable/sqlite': room(
    'kernel runtime/shared durable',
    'batch connection driver errors schema sqlite-store tables',
  ),
  'durable/browser': room(
    'kernel runtime/shared durable',
    'batch connection errors host locks rows schema web-store',
  ),
  // Records events, reconstructs what happened, and draws it.
  timeline: room(
    'kernel runtime/shared runtime',
    `
      axis draw-lane events html lane layout legend look markup notes record recording shown
      story svg text time
    `,
  ),
  // Reads descriptions, for `progress` and `inspect`.
  live: room('kernel runtime', 'deadline progress state words'),
  // The lines on a terminal.
  progress: room('kernel runtime live', 'display frame options roster rows screen show width'),
  // A server on this machine.
  inspect: room(
    'kernel runtime/context runtime timeline live',
    'address feed guard inspect messages page row server',
  ),
  // Runs in the browser.
  'inspect/page': room(
    'kernel timeline live inspect',
    'activity connection dom list main model nearest timeline',
  ),
  // Heartbeats as server-sent events.
  web: room('kernel runtime', 'json response'),
  // Spans and metrics.
  otel: room(
    'kernel runtime/context runtime/shared',
    'activity-spans api failures instruments names open-telemetry telemetry',
  ),
  // The virtual clock, and the environment around the engine.
  testing: room(
    'kernel heartbeat heartbeat/details heartbeat/store runtime/context runtime/options runtime/shared runtime/attempt runtime/activity runtime timeline',
    `
      around-attempts attempt-limit crash ending environment-options environment macrotask
      matchers recorder skipper steering stuck temporal-client temporal-worker test-engine
      test-handle timeline virtual-clock
    `,
  ),
  // The adapters to Temporal.
  temporal: room(
    'kernel retry heartbeat/details runtime/context runtime/options runtime/attempt runtime/activity runtime',
    `
      activity-api activity-options activity attempt caller causes client-api client-errors
      common-api completion context description duration from-temporal-failure from-temporal
      handle heartbeat info logger metric-meter options-table outcome patch policy
      registered-names runtime steering-options to-temporal-failure to-temporal
    `,
  ),
  // What the program and its workers send each other.
  'workers/wire': room(
    'kernel heartbeat/details runtime/context',
    'calls errors functions lines mailbox messages stack uncloneable worker-errors',
  ),
  // Runs in a worker.
  'workers/far': room(
    'kernel heartbeat/details runtime/context runtime/shared runtime/attempt workers/wire',
    `
      ambient attempt globals in-process in-thread kill main polling-signal server tsx
      watchdog
    `,
  ),
  // The pool, in the program.
  workers: room(
    'kernel heartbeat/details runtime/context runtime/shared runtime/attempt workers/wire',
    `
      call code direct in-place load options pool process-worker room start-errors station
      thread-debugger thread-worker typescript waiters worker-pool worker
    `,
  ),
};

function room(imports: string, files: string): Room {
  return { imports: words(imports), files: words(files) };
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

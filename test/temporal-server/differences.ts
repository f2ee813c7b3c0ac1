/**
 * Where systole differs from Temporal, and why. These are the rows of the table in
 * docs/temporal.md, and a test compares them.
 */
export const differences = {
  'bare heartbeat': {
    temporal: '`heartbeat()` without details erases the last ones',
    systole: 'keeps them, with `fromTemporal` and `toTemporal` too',
    why: '"alive" is not "start over"',
  },
  'detail loss': {
    temporal: 'details that the throttle held back are lost when an attempt times out',
    systole: 'the next attempt gets the newest',
    why: 'in one process, every heartbeat is kept at once',
  },
  detection: {
    temporal: 'a missed heartbeat is found up to 1.8 heartbeat timeouts after the last call',
    systole: 'one heartbeat timeout after the last call',
    why: 'the throttle holds back reports, not the heartbeat itself',
  },
  'cancel delivery': {
    temporal: 'a cancellation reaches the function in the answer to a heartbeat that is sent',
    systole:
      'inside the next `heartbeat()`, throttled or not; at once in `ctx.sleep` and `ctx.keepAlive`',
    why: 'no network lies between, and the runtime knows where its function waits',
  },
  'told of a timeout': {
    temporal: 'a function whose attempt timed out receives `NOT_FOUND` at its next heartbeat',
    systole: '`TIMED_OUT`, when it happens',
    why: 'the runtime knows, and says so at once',
  },
  'no copies': {
    temporal: 'arguments and results are JSON',
    systole: 'they are passed as they are',
    why: 'only heartbeat details are serialised',
  },
  'original error': {
    temporal:
      'a plain error arrives as an `ApplicationFailure`, a copy with the class as its `type`',
    systole: '`cause` is the object that was thrown',
    why: 'nothing is serialised',
  },
  'no error': {
    temporal:
      'a thrown value that is not an error becomes the message; for an object, its `message` does',
    systole: 'it is `details[0]`, and the message says what it was',
    why: 'the value is not lost',
  },
  'own name': {
    temporal: 'an error whose `name` was set is still known by its class',
    systole: '`nonRetryableErrorTypes` knows it by that name too',
    why: 'many libraries name their errors this way',
  },
  'no type': {
    temporal: 'an `ApplicationFailure` without a `type` matches nothing',
    systole: 'it matches by its class, like other errors',
    why: 'one rule for all errors',
  },
  'nextRetryDelay 0': {
    temporal: 'counts as none: the policy decides',
    systole: 'retries at once',
    why: 'that is what 0 says',
  },
  'nextRetryDelay and the caller': {
    temporal: 'the failure that the caller gets has no `nextRetryDelay`',
    systole: 'it has the one that was thrown',
    why: 'nothing is serialised',
  },
  'reason for giving up': {
    temporal:
      'a timeout that leaves no time for a retry is reported as `SCHEDULE_TO_CLOSE`, whose `cause` is the failure of the attempt before',
    systole:
      'its `cause` is the attempt’s own timeout, and the `cause` of that is the failure of the attempt before',
    why: 'it says what to fix',
  },
  'two requests': {
    temporal:
      'a cancellation replaces a pause that was not delivered: `cancellationDetails` only has its flag',
    systole: 'has the flags of both',
    why: 'the function may want to know',
  },
  'AbortError after a pause': {
    temporal: 'leaves the attempt hanging until it times out',
    systole: 'accepts the pause, with `toTemporal` too',
    why: 'it is what `fetch` throws when its signal aborts',
  },
  'pause at the last attempt': {
    temporal: 'a pause that the function accepts on its last attempt fails the activity',
    systole: 'pauses it before the next attempt, which runs after `unpause`',
    why: 'a pause is not a failure',
  },
} as const satisfies Record<
  string,
  { readonly temporal: string; readonly systole: string; readonly why: string }
>;

export type RowName = keyof typeof differences;

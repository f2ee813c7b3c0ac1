/**
 * Where systole differs from Temporal, and why: the rows of the table in docs/temporal.md, which a
 * test holds equal to these.
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
    why: 'in one process nothing stands between a heartbeat and what is kept',
  },
  detection: {
    temporal: 'a missed heartbeat is found up to 1.8 heartbeat timeouts after the last call',
    systole: 'one heartbeat timeout after the last call',
    why: 'the throttle holds back reports, not the sign of life',
  },
  'cancel delivery': {
    temporal: 'a cancellation reaches the function in the answer to a heartbeat that is sent',
    systole:
      'inside the next `heartbeat()`, throttled or not; at once in `ctx.sleep` and `ctx.keepAlive`',
    why: 'there is no way to go, and the runtime knows where its function waits',
  },
  'told of a timeout': {
    temporal: 'a function whose attempt timed out hears `NOT_FOUND` at its next heartbeat',
    systole: '`TIMED_OUT`, when it happens',
    why: 'the runtime knows, and can say so at once',
  },
  'no copies': {
    temporal: 'arguments and results are JSON',
    systole: 'they are passed on as they are',
    why: 'nothing is serialised but heartbeat details',
  },
  'original error': {
    temporal:
      'a plain error arrives as an `ApplicationFailure`, a copy with the class as its `type`',
    systole: '`cause` is the very object that was thrown',
    why: 'nothing is serialised',
  },
  'no error': {
    temporal: 'what is thrown and is no error becomes the message; of an object, its `message`',
    systole: 'it is `details[0]`, and the message says what it was',
    why: 'the value is not lost',
  },
  'own name': {
    temporal: 'an error that was only given a `name` goes by its class',
    systole: '`nonRetryableErrorTypes` knows it by that name too',
    why: 'many libraries mark their errors so',
  },
  'no type': {
    temporal: 'an `ApplicationFailure` without a `type` matches nothing',
    systole: 'it goes by its class, as other errors do',
    why: 'one rule for all errors',
  },
  'nextRetryDelay 0': {
    temporal: 'is as good as none: the policy decides',
    systole: 'retries at once',
    why: 'it says so',
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
    why: 'it says what to mend',
  },
  'two requests': {
    temporal:
      'a cancellation takes the place of a pause that was not delivered: `cancellationDetails` has its flag only',
    systole: 'has the flags of both',
    why: 'the function may want to know',
  },
  'AbortError after a pause': {
    temporal: 'leaves the attempt hanging until it times out',
    systole: 'accepts the pause, with `toTemporal` too',
    why: 'it is what `fetch` throws when its signal aborts',
  },
  'pause at the last attempt': {
    temporal: 'a pause that the function accepts there fails the activity',
    systole: 'parks it at the next attempt, which is run after `unpause`',
    why: 'to pause is not to fail',
  },
} as const satisfies Record<
  string,
  { readonly temporal: string; readonly systole: string; readonly why: string }
>;

export type RowName = keyof typeof differences;

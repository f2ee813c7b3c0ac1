// Every case, in the order of the table. A new row is a row of a case, or a case added here.
//
// A case is { title, contenders, rows } and sometimes more:
// - contenders: name -> function that prepares it and gives (a promise of) `batch(count)`, which
//   resolves to measures per call: { time } in nanoseconds, { bytes }, or others;
// - rows: { text, of, per?, measure = 'time', atMost?, atLeast? }: the measure of one contender,
//   or its ratio to another one's in the same round;
// - apart: contenders that would disturb the others and so get a process of their own;
// - fresh, count, smokeCount: each batch in a new process, with that many calls;
// - rounds: no more rounds than that, for a slow case.
import call from './call.mjs';
import heartbeatNumber from './heartbeat-number.mjs';
import heartbeatFlat from './heartbeat-flat.mjs';
import heartbeatNested from './heartbeat-nested.mjs';
import inFlight from './in-flight.mjs';

export default {
  call,
  'heartbeat-number': heartbeatNumber,
  'heartbeat-flat': heartbeatFlat,
  'heartbeat-nested': heartbeatNested,
  'in-flight': inFlight,
};

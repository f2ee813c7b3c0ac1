// Every case, in the order of the table. A new row is a row of a case, or a case added here.
//
// A case is { title, contenders, rows } and sometimes more:
// - contenders: name -> function that prepares it and gives (a promise of) `batch(count)`, which
//   resolves to measures per call: { time } in nanoseconds, { bytes }, or others;
// - rows: { text, of, per?, less?, measure = 'time', atMost?, atLeast? }: the measure of one contender,
//   its ratio to another one's in the same round, or with `less` how many us it takes more; `against: { of, per }`: that ratio, divided by
//   this one; `every`: the target is for each round, not for their median;
// - apart: contenders that would disturb the others and so get a process of their own;
// - count, smokeCount: the calls of a batch; without it, as many as fill about 50 ms;
// - fresh: each batch in a new process;
// - execArgv: options of Node for those processes;
// - rounds: no more rounds than that, for a slow case.
import call from './call.mjs';
import heartbeatNumber from './heartbeat-number.mjs';
import heartbeatFlat from './heartbeat-flat.mjs';
import heartbeatNested from './heartbeat-nested.mjs';
import inFlight from './in-flight.mjs';
import growth from './growth.mjs';
import lateness from './lateness.mjs';
import falseTimeouts from './false-timeouts.mjs';
import size from './size.mjs';
import importing from './import.mjs';
import afterwards from './afterwards.mjs';
import fullRate from './full-rate.mjs';
import watch from './watch.mjs';
import yielding from './yield.mjs';
import recording from './recording.mjs';
import { recovering, reports, steady } from './durable.mjs';
import { context, listener, otel } from './telemetry.mjs';
import { beating, calls, killing, sharing } from './workers.mjs';

export default {
  call,
  'heartbeat-number': heartbeatNumber,
  'heartbeat-flat': heartbeatFlat,
  'heartbeat-nested': heartbeatNested,
  'in-flight': inFlight,
  growth,
  lateness,
  'false-timeouts': falseTimeouts,
  size,
  import: importing,
  afterwards,
  'full-rate': fullRate,
  watch,
  yield: yielding,
  recording,
  'durable-reports': reports,
  'durable-steady': steady,
  'durable-recover': recovering,
  context,
  otel,
  listener,
  'worker-call': calls,
  'worker-heartbeat': beating,
  'worker-killed': killing,
  'worker-cores': sharing,
};

/** What every activity of a runtime shares. */
import type { Clock } from '../clock.js';
import type { Deadlines } from '../deadlines.js';
import type { Events } from '../events.js';
import type { DetailsCodec } from '../heartbeat/details.js';
import type { BusyWriters, HeartbeatStore } from '../heartbeat/store.js';
import type { Log } from '../logger.js';
import type { Interceptors } from './interceptors.js';
import type { GeneratedIds } from './random-token.js';
import type { Scheduler } from './scheduler.js';
import type { ShutdownState } from './shutdown-state.js';
import type { OutsideSignals } from './signals.js';

export interface Services {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly scheduler: Scheduler;
  readonly events: Events;
  readonly signals: OutsideSignals;
  readonly codec: DetailsCodec;
  /** Undefined if the user gave none: then details live, and end, with their activity. */
  readonly store: HeartbeatStore | undefined;
  readonly writers: BusyWriters;
  readonly interceptors: Interceptors;
  readonly shutdown: ShutdownState;
  readonly ids: GeneratedIds;
  /** Activities by the task token of their running attempt, once it has been read. */
  readonly tokens: Map<string, object>;
  readonly log: Log;
  readonly random: () => number;
}

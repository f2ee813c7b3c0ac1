/** The services that all activities of a runtime share. */
import type { Clock } from '../../kernel/clock.js';
import type { Deadlines } from '../../kernel/deadlines.js';
import type { Events } from '../../kernel/events.js';
import type { DetailsCodec } from '../../heartbeat/details/codec.js';
import type { BusyWriters, HeartbeatStore } from '../../heartbeat/store/store.js';
import type { Log } from '../../kernel/logger.js';
import type { Interceptors } from '../context/interceptors.js';
import type { GeneratedIds } from './ids.js';
import type { Ledger } from './ledger.js';
import type { Slots } from './slots.js';
import type { ShutdownState } from './shutdown-state.js';
import type { OutsideSignals } from './signals.js';

export interface Services {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly slots: Slots;
  readonly events: Events;
  readonly signals: OutsideSignals;
  readonly codec: DetailsCodec;
  /** The user's store. If there is none, details live as long as their activity. */
  readonly store: HeartbeatStore | undefined;
  readonly writers: BusyWriters;
  /** The ledger of the store, which then is the `store` too; undefined if it keeps none. */
  readonly ledger: Ledger | undefined;
  readonly interceptors: Interceptors;
  readonly shutdown: ShutdownState;
  readonly ids: GeneratedIds;
  /** The activities by the task token of their running attempt, once the token has been read. */
  readonly tokens: Map<string, object>;
  readonly log: Log;
  readonly random: () => number;
}

/** The globals that the starting code gives to the far side: see `../code.ts`. */
import type { Init } from '../wire/messages.js';

/** The input of the thread that watches over a process. */
export interface WatchdogInit {
  readonly role: 'watchdog';
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

declare const SYSTOLE_START: {
  /** Loads a user's module in the same way as the program. */
  readonly load: (address: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly init: Init | WatchdogInit;
  /** The whole of this code, for another thread. */
  readonly code: string;
};

export const { load, init, code } = SYSTOLE_START;

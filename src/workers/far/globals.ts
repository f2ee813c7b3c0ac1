/** What the code that starts the far side gives it: see `../code.ts`. */
import type { Init } from '../messages.js';

/** What the thread is given that watches over a process. */
export interface WatchdogInit {
  readonly role: 'watchdog';
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

declare const SYSTOLE_START: {
  /** Loads a module of the user's, as the program itself would. */
  readonly load: (address: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly init: Init | WatchdogInit;
  /** The whole of this code, for one more thread. */
  readonly code: string;
};

export const { load, init, code } = SYSTOLE_START;

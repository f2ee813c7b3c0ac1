/** What a context needs to know of its attempt, which runs here or on a Temporal worker. */
import type { Timer } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import type { ActivityInfo } from './context.js';
import type { Interruption } from './interruption.js';

/** Where timers are set. */
export interface Timers {
  setTimer(callback: () => void, delayMs: number): Pick<Timer, 'clear'>;
}

/** What `ctx.sleep` and `ctx.keepAlive` need to know of it. */
export interface Waiting {
  readonly timers: Timers;
  readonly interruption: Interruption;
  readonly heartbeatTimeoutMs: number;
  /** The attempt is over: nobody would hear its heartbeats. */
  readonly ended: boolean;
  /** The function hears what the attempt is asked to do, at the latest now. */
  hearInWait(): void;
  /** Reports that the attempt is alive. */
  heartbeat(details: undefined): void;
}

/** What the context needs to know of it. */
export interface ContextSource extends Waiting {
  heartbeat(details: unknown): void;
  /** A copy of the details of the attempt before. */
  heartbeatDetails(): unknown;
  hasHeartbeatDetails(): boolean;
  shutdownSignal(): AbortSignal;
  completeAsync(): never;
  info(): ActivityInfo;
  log(): Logger;
}

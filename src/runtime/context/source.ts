/** What a context needs from its attempt, which runs here or on a Temporal worker. */
import type { Timer } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import type { ActivityInfo } from './context.js';
import type { Interruption } from './interruption.js';

/** The clock or the deadlines, where timers are set. */
export interface Timers {
  now(): number;
  setTimer(callback: () => void, delayMs: number): Pick<Timer, 'clear'>;
}

/** What `ctx.sleep`, `ctx.keepAlive` and `ctx.yield` need from the attempt. */
export interface Waiting {
  readonly timers: Timers;
  readonly interruption: Interruption;
  readonly heartbeatTimeoutMs: number;
  /** Whether the attempt has ended, so that its heartbeats no longer count. */
  readonly ended: boolean;
  /** Called when the function begins to wait, so that pending requests reach it. */
  hearInWait(): void;
  /** Reports that the attempt is alive. */
  heartbeat(details: undefined): void;
}

/** What the context needs from the attempt. */
export interface ContextSource extends Waiting {
  heartbeat(details: unknown): void;
  /** A copy of the details that earlier attempts have left. */
  heartbeatDetails(): unknown;
  /** A copy of the newest details, of this attempt or an earlier one. */
  newestDetails(): unknown;
  shutdownSignal(): AbortSignal;
  completeAsync(): never;
  info(): ActivityInfo;
  log(): Logger;
}

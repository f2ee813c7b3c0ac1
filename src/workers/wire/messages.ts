/** The messages between a pool and its workers. */
import type { LogLevel } from '../../kernel/logger.js';
import type { CancellationDetails } from '../../runtime/context/context.js';
import type { Delivery, SentDetails } from './mailbox.js';
import type { Sent } from './errors.js';

/** The input of the far side when it starts. */
export interface Init {
  readonly role: 'process' | 'thread';
  /** The address of the module of activities. */
  readonly module: string;
  /** The mailbox of a thread. A process has none. */
  readonly memory?: SharedArrayBuffer;
  readonly port?: MessagePort;
}

/** One attempt, as the program sends it to a worker. */
export interface Task {
  /** A number that no other attempt has. */
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
  /** `ctx.info` without the task token, which is made when the function asks for it. */
  readonly info: Readonly<Record<string, unknown>>;
  /** `ctx.heartbeatDetails`; undefined for none. */
  readonly details: SentDetails | undefined;
}

/** Why a function should stop, or what it has asked for. A busy loop receives it too. */
export type Call = {
  /** The attempt that it is for. It may have ended by now, and the next one begun. */
  readonly task: number;
} & Words;

type Words =
  | { readonly stop: Sent; readonly all: CancellationDetails | undefined }
  | { readonly shutdown: Sent }
  | { readonly token: string };

/** The messages from the far side. */
export type Report =
  | { readonly is: 'ready'; readonly names: readonly string[] }
  | { readonly is: 'unusable'; readonly error: Sent }
  /** To standard error, by a thread. It has got there. */
  | { readonly is: 'wrote'; readonly text: string }
  | { readonly is: 'beat'; readonly delivery: Delivery }
  | (OfAttempt & { readonly task: number });

/** What an attempt reports. One that has ended may still do so while the next one runs. */
export type OfAttempt =
  | {
      readonly is: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly more: Readonly<Record<string, Sent>>;
    }
  | { readonly is: 'leftOpen' | 'watchesShutdown' | 'wantsToken' }
  | { readonly is: 'returned'; readonly result: unknown; readonly delivery: Delivery | undefined }
  | { readonly is: 'threw'; readonly error: Sent; readonly delivery: Delivery | undefined };

/** How long details may wait for the next delivery, in milliseconds. */
export const DELIVERY_MS = 20;

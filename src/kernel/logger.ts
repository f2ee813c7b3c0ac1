/** Where the runtime writes what nobody asked for but somebody should know. */
import { ignore, settleQuietly } from './promises.js';

/** The attributes of a log line, such as `activityId` and `error`. */
export type LogAttributes = Readonly<Record<string, unknown>>;

/** A logger with four levels, like `console`. If it throws or rejects, no activity notices. */
export interface Logger {
  /** Logs what only helps to debug, such as a failure of category BENIGN. */
  debug(message: string, attributes?: LogAttributes): unknown;
  /** Logs what is good to know. The runtime itself has no line of this level. */
  info(message: string, attributes?: LogAttributes): unknown;
  /** Logs what may need attention, such as a failed attempt that will be retried. */
  warn(message: string, attributes?: LogAttributes): unknown;
  /** Logs what went wrong, such as a store that fails or a listener that throws. */
  error(message: string, attributes?: LogAttributes): unknown;
}

export type LogLevel = keyof Logger;

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** What the runtime itself calls: one function, safe by construction. */
export type Log = (level: LogLevel, message: string, attributes: LogAttributes) => void;

/** `false` is silence; by default WARN and above go to the console. */
export function safeLog(logger: Logger | false | undefined): Log {
  if (logger === false) return ignore;
  return (level, message, attributes) => {
    try {
      if (logger === undefined) toConsole(level, message, attributes);
      else settleQuietly(logger[level](message, attributes));
    } catch {
      // There is nowhere left to say it.
    }
  };
}

function toConsole(level: LogLevel, message: string, attributes: LogAttributes): void {
  if (level === 'warn' || level === 'error') console[level](`systole: ${message}`, attributes);
}

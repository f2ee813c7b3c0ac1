/** Where the runtime writes what nobody asked for but somebody should know. */
import { ignore, settleQuietly } from './promises.js';

/** Attributes of a log line. */
export type LogAttributes = Readonly<Record<string, unknown>>;

/** Four levels, as `console` has them. A logger that throws or rejects never touches an activity. */
export interface Logger {
  debug(message: string, attributes?: LogAttributes): unknown;
  info(message: string, attributes?: LogAttributes): unknown;
  warn(message: string, attributes?: LogAttributes): unknown;
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

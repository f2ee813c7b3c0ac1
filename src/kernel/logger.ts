/** Where the runtime writes its log lines. */
import { badOption, hasMethods } from './bad-input.js';
import { ignore, settleQuietly } from './promises.js';
import { fromCaller } from './stack.js';
import { isPrintable, printable, shortened } from './text.js';
import { ensureError, isError, messageOf, said } from './thrown.js';

/** The attributes of a log line, such as `activityId` and `error`. */
export type LogAttributes = Readonly<Record<string, unknown>>;

/** A logger with four levels, like `console`. If it throws or rejects, activities do not notice. */
export interface Logger {
  /** Logs something that only helps to debug, such as a failure of category BENIGN. */
  debug(message: string, attributes?: LogAttributes): unknown;
  /** Logs something that is good to know. The runtime itself logs nothing at this level. */
  info(message: string, attributes?: LogAttributes): unknown;
  /** Logs something that may need attention, such as a failed attempt that will be retried. */
  warn(message: string, attributes?: LogAttributes): unknown;
  /** Logs something that went wrong, such as a store that fails or a listener that throws. */
  error(message: string, attributes?: LogAttributes): unknown;
}

/** A logger whose methods take the attributes first, like those of pino and Bunyan. */
export interface AttributesFirstLogger {
  /** Logs something that only helps to debug. */
  readonly debug: (attributes: object, message: string) => unknown;
  /** Logs something that is good to know. */
  readonly info: (attributes: object, message: string) => unknown;
  /** Logs something that may need attention. */
  readonly warn: (attributes: object, message: string) => unknown;
  /** Logs something that went wrong. */
  readonly error: (attributes: object, message: string) => unknown;
}

/**
 * Adapts a logger whose methods take `(attributes, message)`, such as pino's. The `error` of a line
 * becomes `err`, which such loggers know how to write.
 *
 * @example
 * const runtime = new ActivityRuntime({ logger: pinoLogger(pino()) });
 *
 * @throws TypeError for anything else
 */
export function pinoLogger(logger: AttributesFirstLogger): Logger {
  if (!hasMethods(logger, ...LOG_LEVELS)) {
    throw fromCaller(badOption('pinoLogger', logger, 'a logger like pino()'), pinoLogger);
  }
  return loggerThat((level, message, { error, ...attributes } = {}) =>
    logger[level](error === undefined ? attributes : { ...attributes, err: error }, message),
  );
}

/** Makes a logger whose methods call one function. */
export function loggerThat(
  write: (level: LogLevel, message: string, attributes?: LogAttributes) => unknown,
): Logger {
  const logger: Partial<Logger> = {};
  for (const level of LOG_LEVELS) {
    logger[level] = (message, attributes) => write(level, message, attributes);
  }
  return logger as Logger;
}

export type LogLevel = keyof Logger;

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The function that the runtime itself calls to log. It never throws. */
export type Log = (level: LogLevel, message: string, attributes: LogAttributes) => void;

/** Wraps a logger. `false` logs nothing; by default, WARN and ERROR go to the console. */
export function safeLog(logger: Logger | false | undefined): Log {
  if (logger === false) return ignore;
  return (level, message, attributes) => {
    try {
      if (logger === undefined) toConsole(level, message, attributes);
      else settleQuietly(logger[level](message, attributes));
    } catch {
      // There is no other place to report it.
    }
  };
}

function toConsole(level: LogLevel, message: string, attributes: LogAttributes): void {
  if (level !== 'warn' && level !== 'error') return;
  const { error } = attributes;
  const text = error === undefined ? '' : said(ensureError(error));
  const line = message.includes(text) ? message : `${message} (${text})`;
  // A console reads the first text as a format. It may hold what a user sent.
  console[level](
    `systole: ${printable(line, LONGEST_STACK).replaceAll('%', '%%')}`,
    forConsole(attributes),
  );
}

/** Attributes for a console, which escapes strings but prints an error as it is. */
function forConsole(attributes: LogAttributes): LogAttributes {
  const { error } = attributes;
  try {
    if (isHarmless(error)) return attributes;
    return { ...attributes, error: shortened(String((error as Error).stack), LONGEST_STACK) };
  } catch {
    return { ...attributes, error: messageOf(error) }; // the user's own error throws
  }
}

const LONGEST_STACK = 10_000;
const MAX_ERRORS = 100;

/** Whether a console can print an error and its causes: short, and without control characters. */
function isHarmless(error: unknown): boolean {
  const found = new Set([error]);
  for (const one of found) {
    if (!isError(one)) continue;
    const { errors = [] } = one as { readonly errors?: Iterable<unknown> };
    const stack = String(one.stack);
    if (stack.length > LONGEST_STACK || found.size > MAX_ERRORS) return false;
    if (!stack.split('\n').every(isPrintable)) return false;
    found.add(one.cause);
    for (const each of errors) if (found.add(each).size > MAX_ERRORS) return false;
  }
  return true;
}

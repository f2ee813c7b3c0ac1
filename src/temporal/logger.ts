/** systole's logger with the methods of Temporal's. */
import type { LogAttributes, Logger, LogLevel } from '../kernel/logger.js';

const LEVELS = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<string, LogLevel>;

/** @param current gives the logger of the running activity */
export function loggerOf(current: () => Logger) {
  const at = (level: LogLevel) => (message: string, meta?: LogAttributes) => {
    current()[level](message, meta);
  };
  return {
    log: (level: keyof typeof LEVELS, message: string, meta?: LogAttributes): void => {
      at(LEVELS[level])(message, meta);
    },
    trace: at('debug'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

/** A logger whose lines say which span they belong to. */
import type { LogAttributes, Logger } from '../kernel/logger.js';
import { isSpanContextValid, trace, type Span } from './api.js';

/** The ids are those of the span that is active at the line, or else of the attempt's. */
export function tracedLog(log: Logger, attempt: Span): Logger {
  const traced = (attributes?: LogAttributes): LogAttributes | undefined => {
    const ids = (trace.getActiveSpan() ?? attempt).spanContext();
    if (!isSpanContextValid(ids)) return attributes; // no SDK is registered
    return { trace_id: ids.traceId, span_id: ids.spanId, ...attributes };
  };
  return {
    debug: (message, attributes) => log.debug(message, traced(attributes)),
    info: (message, attributes) => log.info(message, traced(attributes)),
    warn: (message, attributes) => log.warn(message, traced(attributes)),
    error: (message, attributes) => log.error(message, traced(attributes)),
  };
}

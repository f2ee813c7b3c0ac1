/** systole/otel: traces and metrics of activities with OpenTelemetry. */
export { openTelemetry, type OpenTelemetryOptions } from './otel/open-telemetry.js';

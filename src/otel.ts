/** systole/otel: traces and metrics of activities, by OpenTelemetry. */
export { openTelemetry, type OpenTelemetryOptions } from './otel/open-telemetry.js';

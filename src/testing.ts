/** systole/testing: test activities with the behaviour of production, in virtual time. */
export { TestActivityEnvironment } from './testing/environment.js';
export type { TestEnvironmentOptions, TestSemantics } from './testing/environment-options.js';
export { crashAtEveryHeartbeat, type CrashOutcome } from './testing/crash.js';
export { timeline, type Recorded } from './testing/timeline.js';
export type {
  AttemptOutcome,
  AttemptRecord,
  HeartbeatRecord,
  RecordedEvent,
} from './testing/recorder.js';

/** The retry policy of an activity that was given none: Temporal's defaults, and ours. */
export const DEFAULT_POLICY = {
  initialInterval: 1_000,
  backoffCoefficient: 2,
  maximumInterval: 100_000,
  maximumAttempts: Infinity,
  nonRetryableErrorTypes: [],
  jitter: 0,
  maximumAttemptsWithoutProgress: Infinity,
} as const;

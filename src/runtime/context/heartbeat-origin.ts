/**
 * Whether a heartbeat comes from an activity that was written for Temporal. On a cluster such a
 * heartbeat erases the last details when it brings none; those of our own activities keep them.
 * Here both keep them, so only a test environment with Temporal's semantics asks.
 */
let writtenForTemporal = false;

/** Heartbeats for an activity that was written for Temporal. */
export function heartbeatForTemporal(heartbeat: () => void): void {
  const before = writtenForTemporal;
  writtenForTemporal = true;
  try {
    heartbeat();
  } finally {
    writtenForTemporal = before;
  }
}

/** Asked while a heartbeat is under way, for instance by an interceptor. */
export function isWrittenForTemporal(): boolean {
  return writtenForTemporal;
}

/**
 * Whether a heartbeat comes from an activity that was written for Temporal. On a cluster, such a
 * heartbeat without details erases the last ones, while our own activities keep them. In this
 * runtime both keep them, so only a test environment with Temporal's semantics asks.
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

/** Whether the current heartbeat comes from an activity that was written for Temporal. */
export function isWrittenForTemporal(): boolean {
  return writtenForTemporal;
}

/** Events to be told, in order; undefined while none wait. */
export type News = (() => void)[];

/** What the attempts of an activity leave behind that did not end it. */
export class History {
  lastFailure: Error | undefined;
  /** When the attempt ended whose failure is being backed off from; undefined if none is. */
  lastEndedAt: number | undefined;
  /** Of the attempts before the last. */
  lastHeartbeatAt: number | undefined;
  abandonedAttempts = 0;
  /** Failed ones, since heartbeat details last changed. */
  attemptsWithoutProgress = 0;
  /** The log has it that the activity will be retried for ever. */
  toldOfEndlessness = false;
  /** What there is to tell of the end of an attempt, and then of what its listeners brought about. */
  news: News | undefined;
}

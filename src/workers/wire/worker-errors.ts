/** The errors of attempts whose worker has ended. */
import { Failure, KIND, type Fields } from '../../kernel/failure.js';

/**
 * The failure of an attempt whose worker ended by itself: through `process.exit`, an uncaught
 * exception, a lack of memory, or a signal from outside. The attempt is retried, and its heartbeat
 * details are kept.
 */
export class WorkerCrashedError extends Failure<'WorkerCrashedError'> {
  /** The exit code of the worker, or `undefined` if a signal ended it. */
  declare readonly exitCode: number | undefined;
  /** The signal that ended the worker process, such as `'SIGKILL'`, or `undefined` if none did. */
  declare readonly signal: string | undefined;
  /** The last 4 kB that the worker wrote to its standard error. */
  declare readonly stderr: string;

  constructor(
    message: string,
    fields: Fields<{
      readonly exitCode?: number | undefined;
      readonly signal?: string | undefined;
      readonly stderr?: string | undefined;
    }> = {},
  ) {
    super(message, fields);
    this.exitCode = fields.exitCode;
    this.signal = fields.signal;
    this.stderr = fields.stderr ?? '';
  }

  get [KIND](): 'WorkerCrashedError' {
    return 'WorkerCrashedError';
  }
}

/**
 * The error of a function that did not settle within `gracePeriod` after it was told to stop, so its
 * worker was killed. Its `cause` is the reason why it was told to stop.
 */
export class WorkerTerminatedError extends Failure<'WorkerTerminatedError'> {
  get [KIND](): 'WorkerTerminatedError' {
    return 'WorkerTerminatedError';
  }
}

/** The options of `showProgress`. */
import type { Progress } from '../live/progress.js';
import type { ActivityDescription } from '../runtime/description.js';

/** The stream that `showProgress` writes to: a Node stream, or anything with a `write` method. */
export interface ProgressStream {
  /** Writes text at the end of the stream. */
  write(text: string): unknown;
  /** Whether the stream is a terminal. If it is not, a line is written every 10 s, later every minute. */
  readonly isTTY?: boolean | undefined;
  /** The width of the terminal in characters. Default 80. */
  readonly columns?: number | undefined;
  /** The height of the terminal in lines. Default 24. */
  readonly rows?: number | undefined;
  /** Returns whether the terminal has colours and the user wants them. Default: no colours. */
  hasColors?(): boolean;
}

/** The options of `showProgress`. */
export interface ProgressOptions {
  /** The stream on which the progress is shown. Default `process.stderr`. */
  readonly stream?: ProgressStream | undefined;
  /**
   * Returns how far an activity is, or `undefined` if that is not known. Default: reads heartbeat
   * details such as `{ done: 3, total: 10, label: 'page 3' }`.
   */
  readonly progress?: ((description: ActivityDescription) => Progress | undefined) | undefined;
}

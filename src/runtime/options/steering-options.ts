/** The options of `handle.unpause` and `handle.reset`. */
import { checkNames, type OptionNames } from '../../kernel/bad-input.js';
import { finiteMs, type Duration } from '../../kernel/duration.js';

/** The options of `handle.unpause()`, all of which have defaults. */
export interface UnpauseOptions {
  /** The maximum random delay before the next attempt. Default 0. */
  readonly jitter?: Duration | undefined;
}

/** The options of `handle.reset()`, all of which have defaults. */
export interface ResetOptions extends UnpauseOptions {
  /** Whether a paused activity stays paused. Default false: a reset unpauses it. */
  readonly keepPaused?: boolean | undefined;
  /** Whether the heartbeat details are forgotten. Default false. */
  readonly resetHeartbeat?: boolean | undefined;
  /** Whether the options that the activity was started with are put back. Default false. */
  readonly restoreOriginalOptions?: boolean | undefined;
}

/** Options of `reset` with nothing left open. */
export interface ResolvedReset {
  readonly keepPaused: boolean;
  readonly resetHeartbeat: boolean;
  readonly restoreOriginalOptions: boolean;
  /** The limit of the random delay. */
  readonly jitterMs: number;
}

const UNPAUSE_NAMES: OptionNames = {
  of: 'unpause',
  example: "{ jitter: '1s' }",
  known: new Set(['jitter']),
};

const RESET_NAMES: OptionNames = {
  of: 'reset',
  example: "{ jitter: '1s' }",
  known: new Set(['keepPaused', 'resetHeartbeat', 'jitter', 'restoreOriginalOptions']),
};

/**
 * The limit of the random delay in milliseconds.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function readUnpause(options: UnpauseOptions): number {
  checkNames(options, UNPAUSE_NAMES);
  return jitterMs(options.jitter);
}

/**
 * Reads each option once, at the call: a getter of the user's must not run in the middle of a reset.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function readReset(options: ResetOptions): ResolvedReset {
  checkNames(options, RESET_NAMES);
  return {
    keepPaused: options.keepPaused === true,
    resetHeartbeat: options.resetHeartbeat === true,
    restoreOriginalOptions: options.restoreOriginalOptions === true,
    jitterMs: jitterMs(options.jitter),
  };
}

function jitterMs(jitter: Duration | undefined): number {
  return jitter === undefined ? 0 : finiteMs(jitter, 'jitter');
}

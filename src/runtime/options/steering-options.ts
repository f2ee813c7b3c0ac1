/** The options of `handle.unpause` and `handle.reset`. */
import { checkNames, type OptionNames } from '../../kernel/bad-input.js';
import { finiteMs, type Duration } from '../../kernel/duration.js';

/** The options of `handle.unpause()`. All of them have defaults. */
export interface UnpauseOptions {
  /** The maximum random delay before the next attempt. Default 0. */
  readonly jitter?: Duration | undefined;
}

/** The options of `handle.reset()`. All of them have defaults. */
export interface ResetOptions extends UnpauseOptions {
  /** Whether a paused activity stays paused. Default false: a reset unpauses it. */
  readonly keepPaused?: boolean | undefined;
  /** Whether the heartbeat details are forgotten. Default false. */
  readonly resetHeartbeat?: boolean | undefined;
  /** Whether the options from the start of the activity are restored. Default false. */
  readonly restoreOriginalOptions?: boolean | undefined;
}

/** The options of `reset` with their defaults filled in. */
export interface ResolvedReset {
  readonly keepPaused: boolean;
  readonly resetHeartbeat: boolean;
  readonly restoreOriginalOptions: boolean;
  /** The maximum random delay in milliseconds. */
  readonly jitterMs: number;
}

const UNPAUSE_NAMES: OptionNames = {
  of: 'unpause',
  example: "{ jitter: '1s' }",
  known: ['jitter'],
};

const RESET_NAMES: OptionNames = {
  of: 'reset',
  example: "{ jitter: '1s' }",
  known: ['keepPaused', 'resetHeartbeat', 'jitter', 'restoreOriginalOptions'],
};

/**
 * Reads the maximum random delay in milliseconds.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function readUnpause(options: UnpauseOptions): number {
  checkNames(options, UNPAUSE_NAMES);
  return jitterMs(options.jitter);
}

/**
 * Reads each option once, at the call, because a user's getter must not run during the reset.
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

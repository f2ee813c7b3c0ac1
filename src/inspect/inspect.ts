/** Serves the page that shows a runtime. */
import { badInput, badOption, checkNames, hasMethods } from '../kernel/bad-input.js';
import { SystemClock } from '../kernel/clock.js';
import { refusable, refuser } from '../kernel/stack.js';
import { record } from '../timeline/record.js';
import type { Inspectable } from './feed.js';
import { newToken } from './guard.js';
import { PageServer } from './server.js';

/** The options of `inspect`. */
export interface InspectOptions {
  /** The port on 127.0.0.1. Default 0, which takes a free port. */
  readonly port?: number | undefined;
  /**
   * The secret part of the address, at least 16 letters, digits, `-` or `_`. Default: a new random
   * token each time. With a fixed `port` and `token`, an open page reconnects after a restart.
   */
  readonly token?: string | undefined;
  /**
   * Whether the page may cancel, pause, unpause, reset and terminate activities. Default false.
   */
  readonly actions?: boolean | undefined;
  /** Whether the page shows heartbeat details. Default true. */
  readonly details?: boolean | undefined;
}

/** The page that `inspect` serves. */
export interface Inspector {
  /** The address of the page. Everyone who has it can see the page. */
  readonly url: string;
  /** Stops serving the page. Resolves when all connections are closed. */
  close(): Promise<void>;
  /** Closes the page at the end of a block with `await using inspector = await inspect(runtime)`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves a page that shows what a runtime is doing: a live timeline, the open activities, slots and
 * queue, and the attempts, failures and options of each activity. It listens on 127.0.0.1 only, and
 * its address is secret. Arguments and results are never shown. It does not keep the program running.
 *
 * Rejects with a `TypeError` that names the option, the value received and what is accepted, or with
 * an `Error` if the port cannot be used.
 *
 * @example
 * const { url } = await inspect(runtime);
 * console.log(`look at ${url}`);
 */
export async function inspect(
  runtime: Inspectable,
  options: InspectOptions = {},
): Promise<Inspector> {
  refusable(inspect, () => checkAll(runtime, options));
  const refuse = refuser(inspect); // the line of the call is known only now
  const { port = 0, token = newToken(), actions = false, details = true } = options;
  const recording = record(runtime, { details });
  const clock = new SystemClock();
  const { server } = new PageServer({ runtime, recording, clock, token, actions, details });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    recording.stop();
    throw refuse(cannotListen(port, error));
  }
  server.unref();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    recording.stop();
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  };
  const { port: actual } = server.address() as { readonly port: number };
  return { url: `http://127.0.0.1:${actual}/${token}/`, close, [Symbol.asyncDispose]: close };
}

function cannotListen(port: number, cause: unknown): Error {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? 'is in use by another program or another inspect(); close that, or leave port out to get a free one'
      : `fails with ${code}; use another port, or leave port out to get a free one`;
  return new Error(`inspect: port ${port} ${why}`, { cause });
}

const OPTIONS = {
  of: 'inspect',
  example: '{ port: 9000 }',
  known: ['port', 'token', 'actions', 'details'],
};

const MAX_PORT = 65_535;

function checkAll(runtime: unknown, options: InspectOptions): void {
  if (!hasMethods(runtime, 'on', 'list', 'stats', 'getHandle')) {
    throw badOption('inspect', runtime, 'an ActivityRuntime');
  }
  checkNames(options, OPTIONS);
  const { port = 0, token, actions = false, details = true } = options;
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) {
    throw badOption('inspect port', port, `a whole number from 0 to ${MAX_PORT}`);
  }
  if (token !== undefined && !(typeof token === 'string' && /^[\w-]{16,200}$/.test(token))) {
    throw badInput(
      `inspect token: received ${withoutSecret(token)}; expected 16 to 200 letters, digits, - or _`,
    );
  }
  for (const [name, value] of Object.entries({ actions, details })) {
    if (typeof value !== 'boolean') throw badOption(`inspect ${name}`, value, 'true or false');
  }
}

/** What a token is, without the token itself. */
function withoutSecret(token: unknown): string {
  return typeof token === 'string'
    ? `a string of ${token.length} characters`
    : `a value of type ${token === null ? 'null' : typeof token}`;
}

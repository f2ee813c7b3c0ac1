/** Loads a module of activities in this process, or asks another process for its names. */
import { spawnSync } from 'node:child_process';
import { functionsOf, type Functions } from './wire/functions.js';
import { hopeless, LONGEST_LOAD_MS, neverLoaded, unusable, within } from './start-errors.js';
import type { WorkerOptions } from './options.js';
import { inheritedFlags } from './process-worker.js';

export async function loadFunctions(
  module: string,
  longestLoadMs = LONGEST_LOAD_MS,
): Promise<Functions> {
  let functions: Functions | undefined;
  try {
    functions = await within(longestLoadMs, imported(module));
  } catch (cause) {
    throw unusable(module, cause);
  }
  if (functions === undefined) throw neverLoaded(module, longestLoadMs);
  return functions;
}

async function imported(module: string): Promise<Functions> {
  return functionsOf((await import(/* @vite-ignore */ module)) as Record<string, unknown>);
}

const SCRIPT = `
  const answer = (it) => { require('node:fs').writeSync(3, JSON.stringify(it)); process.exit(); };
  import(process.argv[1]).then(
    (module) => {
      const inner = typeof module.default === 'object' ? module.default : {};
      answer({ names: Object.entries({ ...inner, ...module })
        .filter(([, it]) => typeof it === 'function').map(([name]) => name) });
    },
    (error) => answer({ error: String(error?.message ?? error) }),
  );`;

/**
 * The names of the functions that a module exports. Only a process that has loaded the module knows
 * them. This process waits for its answer, because code that lists a pool's functions needs it now.
 *
 * @throws ApplicationFailure if the module cannot be loaded
 */
export function namesIn(
  { module, env, execArgv }: WorkerOptions,
  longestLoadMs = LONGEST_LOAD_MS,
): readonly string[] {
  const flags = [...(execArgv ?? inheritedFlags()), '--input-type=commonjs', '--eval', SCRIPT];
  const asked = spawnSync(process.execPath, [...flags, module], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
    timeout: longestLoadMs,
    env: env ?? process.env,
  });
  const answer = (asked.output as (string | null)[] | null)?.[3] ?? ''; // null if it cannot be started
  const failed = asked.error as NodeJS.ErrnoException | undefined;
  if (failed?.code === 'ETIMEDOUT') throw neverLoaded(module, longestLoadMs);
  if (answer === '') {
    const how = failed?.message ?? asked.signal ?? `exit code ${asked.status}`;
    const message = `workerPool: the process that lists the functions of ${module} has ended (${how}); run the module alone to see why`;
    throw hopeless(message, 'WorkerStartError', failed);
  }
  const { names, error } = JSON.parse(answer) as { names?: string[]; error?: string };
  if (names === undefined) throw unusable(module, new Error(error));
  if (names.length === 0) throw unusable(module, new TypeError('it exports no function'));
  return names;
}

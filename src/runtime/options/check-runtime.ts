/** Checks the options of a runtime. */
import { checkNames, type OptionNames } from '../../kernel/bad-input.js';
import { callHint } from './elsewhere.js';
import { OPTION_NAMES, OWN_OPTIONS, resolveOptions } from './resolve.js';
import { RUNTIME_CHECKS, RUNTIME_NAMES, type RuntimeOptions } from './runtime-options.js';
import { ROWS } from './table.js';

export const RUNTIME_OPTION_NAMES: OptionNames = {
  of: 'ActivityRuntime',
  example: '{ maxConcurrentActivities: 10 }',
  known: RUNTIME_NAMES,
  elsewhere: runtimeHint,
};

/** What to use instead of an unknown name. The options of a call belong in `defaults`. */
function runtimeHint(name: string): string | undefined {
  return ROWS.some((row) => row.name === name) ? `defaults.${name}` : callHint(name);
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function checkRuntimeOptions(options: RuntimeOptions): void {
  checkNames(options, RUNTIME_OPTION_NAMES);
  for (const name of RUNTIME_NAMES as readonly (keyof RuntimeOptions)[]) {
    RUNTIME_CHECKS[name](options[name] as never, name);
  }
  const { defaults } = options;
  if (defaults === undefined) return;
  checkNames(defaults, {
    of: 'defaults',
    example: OPTION_NAMES.example,
    known: ROWS.map(({ name }) => name),
    elsewhere: (name) =>
      OWN_OPTIONS.includes(name) ? 'an option of each call, not a default' : callHint(name),
  });
  resolveOptions(defaults);
}

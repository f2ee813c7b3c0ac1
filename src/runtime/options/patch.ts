/** Changes and shows the options of an open activity. */
import { checkNames, type OptionNames } from '../../kernel/bad-input.js';
import type { DescribedOptions, OptionsPatch } from './activity-options.js';
import { callHint } from './elsewhere.js';
import { resolveOptions } from './resolve.js';
import { ROWS, type ResolvedOptions } from './table.js';

const NAMES: OptionNames = /* @__PURE__ */ patchNames();

function patchNames(): OptionNames {
  return {
    of: 'updateOptions',
    example: "{ heartbeatTimeout: '30s' }",
    known: ROWS.filter(({ patchable }) => patchable).map(({ name }) => name),
    elsewhere: callHint,
  };
}

/**
 * Reads each option of a patch once.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function readPatch(patch: OptionsPatch): OptionsPatch {
  checkNames(patch, NAMES);
  return { ...patch };
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function patchOptions(options: ResolvedOptions, patch: OptionsPatch): ResolvedOptions {
  const merged: Record<string, unknown> = {};
  const kept: Record<string, unknown> = {};
  for (const { name, field, patchable, describe } of ROWS) {
    const change: unknown = (patch as Record<string, unknown>)[name];
    const now = options[field];
    if (patchable === undefined) kept[field] = now;
    else merged[name] = change === undefined ? (describe?.(now) ?? now) : (change ?? undefined);
  }
  return { ...resolveOptions(merged), ...kept };
}

/** The options as `describe().options` shows them. */
export function describeOptions(options: ResolvedOptions): DescribedOptions {
  const shown: Record<string, unknown> = {};
  for (const { name, field, describe } of ROWS) {
    if (describe !== undefined) shown[name] = describe(options[field]);
  }
  return Object.freeze(shown) as unknown as DescribedOptions;
}

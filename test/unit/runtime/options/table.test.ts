/** The table of options is complete and consistent. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type {
  ActivityOptions,
  DescribedOptions,
  OptionsPatch,
} from '../../../../src/runtime/options/activity-options.js';
import { describeOptions, patchOptions } from '../../../../src/runtime/options/patch.js';
import { resolveOptions } from '../../../../src/runtime/options/resolve.js';
import { ROWS, type OPTIONS, type OptionName } from '../../../../src/runtime/options/table.js';

type Row = (typeof OPTIONS)[number];
type Same<A, B> = [A, B] extends [B, A] ? true : false;

// The compiler checks these names: each has its own row or is not an option.
const everyOptionHasARow: Same<Row['name'], OptionName> = true;
const patchableRows: Same<Extract<Row, { patchable: true }>['name'], keyof OptionsPatch> = true;
const describedRows: Same<Extract<Row, { describe: unknown }>['name'], keyof DescribedOptions> =
  true;

/** Every option, other than its default. */
const GIVEN = {
  activityType: 'import',
  heartbeatTimeout: 1_000,
  startToCloseTimeout: 2_000,
  scheduleToStartTimeout: 3_000,
  scheduleToCloseTimeout: 4_000,
  progressTimeout: 1_500,
  startDelay: 50,
  heartbeatThrottleInterval: 250,
  cancellationType: 'ABANDON',
  cancellationDelivery: 'immediate',
  attemptOverlap: 600,
  priority: 1,
  concurrencyKey: 'key',
  idConflictPolicy: 'USE_EXISTING',
  retryPolicy: { maximumAttempts: 7, jitter: 0.5, nonRetryableErrorTypes: ['A', RangeError] },
} satisfies { readonly [Name in OptionName]: ActivityOptions[Name] };

test('every option has one row and one field', () => {
  expect([everyOptionHasARow, patchableRows, describedRows]).toEqual([true, true, true]);
  expect(ROWS.map(({ name }) => name).sort()).toEqual(Object.keys(GIVEN).sort());
  expect(new Set(ROWS.map(({ field }) => field)).size).toBe(ROWS.length);
  expect(Object.keys(resolveOptions()).sort()).toEqual(ROWS.map(({ field }) => field).sort());
});

describe.each(ROWS.map((row) => [row.name, row] as const))('the option %s', (name, row) => {
  const given = { [name]: GIVEN[name] };

  test('is read and differs from its default', () => {
    expect(resolveOptions(given)[row.field]).not.toEqual(resolveOptions()[row.field]);
  });

  test('comes from the defaults unless the call gives it', () => {
    expect(resolveOptions({}, given)).toEqual(resolveOptions(given));
    expect(resolveOptions({ [name]: undefined }, given)).toEqual(resolveOptions(given));
    expect(resolveOptions(given, GIVEN)[row.field]).toEqual(resolveOptions(GIVEN)[row.field]);
  });

  test('is kept by a patch of other options', () => {
    const other = name === 'priority' ? { startDelay: 7 } : { priority: 2 };
    const options = resolveOptions(given);
    expect(patchOptions(options, other)[row.field]).toEqual(options[row.field]);
  });

  test('is shown as the table says, and can be read again in that form', () => {
    const options = resolveOptions(given);
    const shown = describeOptions(options) as unknown as Record<string, unknown>;
    expect(name in shown).toBe(row.describe !== undefined);
    if (row.describe === undefined) return;
    expect(resolveOptions({ [name]: shown[name] })).toEqual(options);
  });

  test('is changed by a patch if the table says so, and restored by null', () => {
    if (row.patchable !== true) return;
    expect(patchOptions(resolveOptions(), given)).toEqual(resolveOptions(given));
    const back = patchOptions(resolveOptions(given), { [name]: null });
    expect(back[row.field]).toEqual(resolveOptions()[row.field]);
  });
});

test('an option is named in its type, in the table, and in the table of what Temporal does', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const withName = (name: string): string[] =>
    files.filter((file) => codeOf(`src/${file}`).match(new RegExp(`\\b${name}\\b`)) !== null);
  const home = [
    'runtime/options/activity-options.ts',
    'runtime/options/table.ts',
    'temporal/options-table.ts',
  ];
  expect(withName('heartbeatThrottleInterval').sort()).toEqual(home);
  expect(withName('attemptOverlap').sort()).toEqual(home);
  // Pages show which timeout comes next.
  expect(withName('progressTimeout').sort()).toEqual(['live/deadline.ts', ...home]);
});

/** Without the comments. */
function codeOf(path: string): string {
  return readFileSync(path, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
}

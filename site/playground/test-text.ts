/** Writes a scene as a test, which expects what was seen in the playground. */
import { programOf } from './compile.js';
import type { Scene } from './scene.js';
import { worldText } from './world.js';

/** What was done in one process. */
export interface Told {
  /** How long time moved, and what was done then. */
  readonly steps: {
    readonly ms: number;
    readonly do: 'cancel' | 'pause' | 'unpause' | undefined;
  }[];
  crashed: boolean;
}

/** What the caller of the activity got: a result, or a failure with this message. */
export interface Caller {
  readonly result?: unknown;
  readonly failure?: string;
}

/** What was seen. */
export interface Seen {
  readonly scene: Scene;
  readonly name: string;
  readonly told: readonly Told[];
  readonly status: string;
  readonly caller: Caller | undefined;
  /** Those of the last process. */
  readonly attempts: readonly { readonly outcome: string; readonly heartbeatDetails: unknown }[];
  /** The numbers of the heartbeats that were planned to throw, and never came. */
  readonly unmet: readonly string[];
}

const CALLS = {
  cancel: "handle.cancel('stopped by the reader');",
  pause: 'handle.pause();',
  unpause: 'handle.unpause();',
};

export function testText(seen: Seen): string {
  const { scene, name, told } = seen;
  const crashes = scene.happenings.some((one) => one.do === 'crash');
  const { code } = programOf(scene.code);
  const body = [
    worldText(scene.happenings, /\bstream\b/.test(code)),
    `const options = ${scene.options.trim()};`,
    ...(crashes ? ['const store = new Map();'] : []),
    ...told.flatMap((process, index) => ['', ...processLines(seen, process, index, name)]),
    '',
    ...expectations(seen),
  ];
  return [
    "import { expect, test } from 'vitest';",
    "import { TestActivityEnvironment } from 'systole/testing';",
    '',
    code.trim(),
    '',
    `test(${quoted(scene.title)}, async () => {`,
    ...body.flatMap((part) => part.split('\n')).map((line) => (line === '' ? '' : `  ${line}`)),
    '});',
    '',
  ].join('\n');
}

function processLines(seen: Seen, { steps, crashed }: Told, index: number, name: string): string[] {
  const { scene, told, unmet } = seen;
  const env = crashed ? `process${index + 1}` : 'env';
  const handle = crashed ? '' : 'const handle = ';
  const stored = scene.happenings.some((one) => one.do === 'crash') ? ', store' : '';
  const acts = steps.some((step) => step.do !== undefined);
  const throwing = scene.happenings.flatMap((one) =>
    index === 0 && one.do === 'throw' && !unmet.includes(String(one.heartbeat))
      ? [`${env}.failOnHeartbeat(${one.heartbeat}, new Error('connection lost'));`]
      : [],
  );
  return [
    ...(index > 0 && told.length > 1 ? ['// the next process, with the same store'] : []),
    `const ${env} = new TestActivityEnvironment({ logger: false${stored} });`,
    ...throwing,
    `${crashed && acts ? `const handle${index + 1} = ` : handle}${env}.start(${name}, { ...options, args: [worldOf(${env})] });`,
    ...steps.flatMap(({ ms, do: what }) => [
      ...(ms > 0 || what === undefined ? [`await ${env}.advance(${grouped(ms)});`] : []),
      ...(what === undefined
        ? []
        : [crashed ? CALLS[what].replace('handle', `handle${index + 1}`) : CALLS[what]]),
    ]),
    ...(crashed ? ['// it crashes here: nothing of it runs any more'] : []),
  ];
}

function expectations({ status, caller, attempts }: Seen): string[] {
  const outcomes = attempts.map(({ outcome }) => quoted(outcome)).join(', ');
  const given = attempts.map(({ heartbeatDetails }) => literal(heartbeatDetails));
  return [
    `expect(handle.describe().status).toBe('${status}');`,
    ...(caller === undefined ? [] : [callerLine(caller)]),
    `expect(env.attempts.map(({ outcome }) => outcome)).toEqual([${outcomes}]);`,
    ...(given.includes(undefined)
      ? []
      : [
          'const given = env.attempts.map(({ heartbeatDetails }) => heartbeatDetails);',
          `expect(given).toEqual([${given.join(', ')}]); // where each attempt started`,
        ]),
    ...(status === 'RUNNING' ? ['handle.terminate();'] : []),
    'await env[Symbol.asyncDispose]();',
  ];
}

function callerLine({ result, failure }: Caller): string {
  if (failure !== undefined) {
    const cause = `{ cause: { message: ${quoted(failure)} } }`;
    return `await expect(handle.result()).rejects.toMatchObject(${cause});`;
  }
  const expected = literal(result);
  if (expected === undefined) return 'await handle.result();';
  return `expect(await handle.result()).toEqual(${expected});`;
}

/** A value as the code that makes it; undefined if it has more than JSON can say. */
function literal(value: unknown): string | undefined {
  try {
    return written(value, []);
  } catch {
    return undefined; // a getter of the scene's own code
  }
}

/** @param open the objects that the value is in */
function written(value: unknown, open: readonly object[]): string | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return Object.is(value, -0) ? undefined : String(value);
  if (typeof value !== 'object' || open.includes(value)) return undefined;
  const inside = [...open, value];
  const item = (one: unknown): string | undefined => written(one, inside);
  if (Array.isArray(value)) return joined(value.map(item), '[', ']');
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const fields = Object.entries(value).map(([key, one]) => {
    const text = item(one);
    return text && `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)}: ${text}`;
  });
  return fields.length === 0 ? '{}' : joined(fields, '{ ', ' }');
}

function joined(
  parts: readonly (string | undefined)[],
  open: string,
  close: string,
): string | undefined {
  return parts.includes(undefined) ? undefined : open + parts.join(', ') + close;
}

function quoted(text: string): string {
  return text.includes("'") || text.includes('\\') || text.includes('\n')
    ? JSON.stringify(text)
    : `'${text}'`;
}

function grouped(ms: number): string {
  return String(ms).replace(/\B(?=(\d{3})+$)/g, '_');
}

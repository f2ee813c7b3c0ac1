/** Mistakes in the code of a scene are shown with their line. */
import { describe, expect, test } from 'vitest';
import { programOf } from '../playground/compile.js';
import { play } from '../playground/play.js';
import type { Scene } from '../playground/scene.js';

const ONCE = '{ retryPolicy: { maximumAttempts: 1 } }';
const played = (code: string, options = ONCE, happenings: Scene['happenings'] = []) =>
  play({ title: 'a scene', code, options, happenings }, () => {});

describe('the line of', () => {
  test('a syntax error', async () => {
    const { mistakes, summary } = await played('async function work(ctx) {\n  const = 1;\n}');
    expect(mistakes).toEqual([{ message: 'Unexpected token', line: 2 }]);
    expect(summary).toBe('The code could not be run.');
  });

  test('an error while it runs', async () => {
    const code = 'async function work(ctx) {\n  ctx.heartbeat(1);\n  ctx.no();\n}';
    const { mistakes, summary } = await played(code);
    expect(mistakes).toEqual([{ message: 'ctx.no is not a function', line: 3 }]);
    expect(summary).toBe(
      'Failed after 1 attempt. The caller got the failure: ctx.no is not a function',
    );
  });

  test('an error on the first line, and after an export', async () => {
    const { mistakes } = await played('export default async function work() { null.x; }');
    expect(mistakes).toMatchObject([{ line: 1 }]);
  });

  test('an error outside any function', async () => {
    const { mistakes } = await played('async function work() {}\n\nmissing();');
    expect(mistakes).toEqual([{ message: 'missing is not defined', line: 3 }]);
  });

  test('an import', async () => {
    const { mistakes } = await played("\nimport fs from 'node:fs';\nasync function work() {}");
    expect(mistakes).toEqual([{ message: 'The playground has no modules to import', line: 2 }]);
  });

  test('details that cannot be kept', async () => {
    const { mistakes } = await played('function work(ctx) {\n\n  ctx.heartbeat(() => {});\n}');
    expect(mistakes).toMatchObject([{ line: 3 }]);
    expect(mistakes[0]?.message).toMatch(/function/);
  });
});

test.each([
  ['', 'There is no activity: write a function, such as async function work(ctx)'],
  ['const work = 1;', 'There is no activity: write a function, such as async function work(ctx)'],
])('code without an activity says so: %j', async (code, message) => {
  expect((await played(code)).mistakes).toEqual([{ message, line: undefined }]);
});

test.each([
  ['{', /^The options cannot be read: Unexpected token/],
  ['1', /^The options are an object/],
  ['{ heartbeatTimeout: "soon" }', /^heartbeatTimeout: received "soon"/],
  ['{ timeout: 1 }', /startToCloseTimeout/],
])('options that are none say so: %s', async (options, message) => {
  const { mistakes, test: text } = await played('async function work() {}', options);
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]?.message).toMatch(message);
  expect(text).toBeUndefined();
});

test('the first function is the activity, and the word export is left out', () => {
  const code = 'const one = 1;\nexport async function first() {}\nfunction second() {}';
  expect(programOf(code)).toEqual({
    name: 'first',
    code: 'const one = 1;\n       async function first() {}\nfunction second() {}',
  });
});

test('what the code prints is kept, up to a limit', async () => {
  const code = 'function work() { for (let i = 0; i < 1e4; i++) console.log(i, { i }); }';
  const { printed } = await played(code);
  expect(printed[0]).toBe('0 {"i":0}');
  expect(printed).toHaveLength(200);
});

test('a hang without a timeout ends the scene, with the activity open', async () => {
  const { summary, test: text } = await played('function work() { return new Promise(() => {}); }');
  expect(summary).toBe('The activity is still open after 1 attempt.');
  expect(text).toContain("toBe('RUNNING')");
});

test('an activity that is retried forever ends the scene', async () => {
  const code = "function work() { throw new Error('no'); }";
  const { summary, notes } = await played(code, '{ retryPolicy: { initialInterval: 1 } }');
  expect(summary).toMatch(/^Failed after 1000 attempts|still open/);
  expect(notes.length + Number(summary.startsWith('Failed'))).toBeGreaterThan(0);
});

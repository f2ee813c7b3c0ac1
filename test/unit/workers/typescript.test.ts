/** What a user is told whose module Node cannot load, because it is TypeScript. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { typeScriptHint } from '../../../src/workers/typescript.js';

const here = fileURLToPath(import.meta.url);
const NEEDED =
  '. typescript.test.ts needs a TypeScript loader: start the program with node --import tsx, ' +
  "or a test runner with NODE_OPTIONS='--import tsx'";

test.each([
  ['a .ts file', `Unknown file extension ".ts" for ${here}`],
  [
    'a .js file that is not there, beside a .ts file',
    `Cannot find module '${here.replace(/ts$/, 'js')}' imported from /x.js`,
  ],
])('the error of %s gets a hint about TypeScript', (_, said) => {
  expect(typeScriptHint(said)).toBe(NEEDED);
});

test.each([
  [`Cannot find module '${here}.js' imported from /x.js`],
  ["Cannot find package 'tsx' imported from /x.js"],
  ['Unexpected token'],
  ['Unknown file extension ".png" for /a.png'],
])('another error gets no hint about TypeScript: %s', (said) => {
  expect(typeScriptHint(said)).toBe('');
});

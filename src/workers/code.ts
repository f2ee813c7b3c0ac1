/**
 * The code of the far side. It is included here as a text, so a bundled program needs no other file
 * of ours. The build and the tests put it in: see `scripts/far-side.ts`.
 */
import { OURS } from './wire/stack.js';

declare const SYSTOLE_FAR_SIDE: string | undefined;

const farSide =
  typeof SYSTOLE_FAR_SIDE === 'string'
    ? SYSTOLE_FAR_SIDE
    : `throw new Error('systole/workers does not run from its source: build it first')`;

const PRELUDE =
  `const SYSTOLE_START = { load: (address) => import(address), ` +
  `init: require('node:worker_threads').workerData };\n`;

/** The script of a thread. */
export const threadCode = `${PRELUDE}${farSide}\n//# sourceURL=${OURS}`;

/**
 * The script of a process. The rest comes as a message, because a command line is short on Windows.
 */
export const processScript =
  `process.once('message', ([code, init]) => ` +
  `require('node:vm').runInThisContext(` +
  `'(function (require, SYSTOLE_START) {' + code.slice(${PRELUDE.length}) + '\\n})', '${OURS}'` +
  `)(require, { load: (address) => import(address), init, code }));`;

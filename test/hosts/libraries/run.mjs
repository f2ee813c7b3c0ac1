// Waits in real libraries, in activities that are told to stop: each must count as stopped. Then
// holds the table of docs/cancellation.md to what was seen. `node run.mjs [part of a name]`, after
// a build and `npm ci` here.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityRuntime, CancelledFailure, isCancellation } from '../../../dist/index.js';
import { cases, close } from './cases.mjs';
import { serve } from './server.mjs';

const LONGEST_MS = 20_000;
const DOCS = new URL('../../../docs/cancellation.md', import.meta.url);

/** How the function is told to stop, and the expected outcome. */
const STOPS = {
  cancel: { stop: ({ handle }) => handle.cancel(), status: 'CANCELED' },
  pause: { stop: ({ handle }) => handle.pause(), status: 'PAUSED' },
  reset: { stop: ({ handle }) => handle.reset(), status: 'COMPLETED' },
  shutdown: { stop: ({ runtime }) => void runtime.shutdown(), status: 'CANCELED' },
  shutdownSignal: {
    stop: ({ runtime }) => void runtime.shutdown({ gracePeriod: LONGEST_MS }),
    status: 'CANCELED',
  },
  /** No one asks the activity to stop, so the same errors are failures. */
  'a controller of its own': { stop: ({ own }) => own.abort(), status: 'FAILED' },
};

const only = process.argv[2] ?? '';
const chosen = cases.filter((one) => `${one.of}: ${one.in}`.includes(only));
const folder = mkdtempSync(join(tmpdir(), 'libraries-'));
/** Called for the activity with this number when its request hangs. */
const hanging = new Map();
const server = await serve((number) => hanging.get(number)?.());
const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

let failures = 0;
let numbers = 0;
const rows = new Map();
for (const one of chosen) await tryOut(one);
await close();
server.close();
rmSync(folder, { recursive: true });
if (only === '') checkTable();
console.log(
  `tested ${chosen.length} ways to wait in ${new Set(chosen.map((c) => c.of)).size} libraries`,
);
process.exit(failures === 0 ? 0 : 1);

async function tryOut(one) {
  for (const how of Object.keys(STOPS)) {
    try {
      const error = await stopped(one, how);
      if (how === 'pause') note(one, error);
    } catch (error) {
      failures++;
      console.log(`FAIL  ${one.of}: ${one.in}, ${how}\n${error.stack}`);
    }
  }
}

/** Runs a last attempt that hangs in the library. Returns what the function threw. */
async function stopped(one, how) {
  const { stop, status } = STOPS[how];
  const runtime = new ActivityRuntime({ logger: false });
  const own = new AbortController();
  const number = String(++numbers);
  let thrown;
  let reason;
  let attempts = 0;
  const begun = new Promise((resolve) => {
    hanging.set(number, resolve);
    const work = async (ctx) => {
      if (++attempts > 1) return;
      const signals = { shutdownSignal: ctx.shutdownSignal, 'a controller of its own': own.signal };
      const signal = signals[how] ?? ctx.signal;
      try {
        await one.wait({ ...places(number), signal, begun: resolve });
        thrown = 'nothing';
      } catch (error) {
        thrown = error;
        reason = signal.reason;
        throw error;
      }
    };
    runtime.start(work, {
      activityId: 'one',
      cancellationDelivery: 'immediate',
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      retryPolicy: { maximumAttempts: 1 },
    });
  });
  const handle = runtime.getHandle('one');
  const result = handle.result().then(
    () => handle.describe().status,
    (error) => {
      if (status === 'CANCELED') assert.ok(error.cause instanceof CancelledFailure);
      return handle.describe().status;
    },
  );
  const paused = new Promise((resolve) => runtime.once('paused', () => resolve('PAUSED')));
  await inTime(Promise.race([begun, result]), 'begin');
  assert.equal(thrown, undefined, 'hangs');
  stop({ handle, runtime, own });
  assert.equal(await inTime(Promise.race([result, paused]), 'stop'), status);
  assert.ok(isCancellation(thrown), `isCancellation(${thrown})`);
  assert.deepEqual(unhandled.splice(0), [], 'unhandled rejections');
  await runtime.shutdown();
  return { thrown, reason };
}

function places(number) {
  const at = (kind) => `${server.url}/${kind}/${number}`;
  return {
    hang: at('hang'),
    body: at('body'),
    events: at('events'),
    fail: at('fail'),
    folder,
    file: join(folder, 'written'),
  };
}

function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not ${what} in time`)), LONGEST_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// ── The table ──────────────────────────────────────────────────────────────────────────────────

/** One row for the calls of a library that throw the same. */
function note(one, { thrown, reason }) {
  const key = `${library(one.of)} | ${said(thrown, reason)}`;
  const row = rows.get(key) ?? {
    library: library(one.of),
    calls: [],
    throws: said(thrown, reason),
  };
  row.calls.push(/[(:]/.test(one.in) ? `\`${one.in}\`` : one.in);
  rows.set(key, row);
}

function library(of) {
  if (of === 'fetch') return '`fetch` of Node';
  if (of.startsWith('node:')) return `\`${of}\``;
  const url = new URL(`node_modules/${of}/package.json`, import.meta.url);
  const { name, version } = JSON.parse(readFileSync(url, 'utf8'));
  return `${name} ${version}`;
}

function said(error, reason) {
  if (error === reason) return 'the reason';
  const own = error.name === 'Error' ? error.constructor.name : error.name;
  const code = typeof error.code === 'string' ? `, code \`${error.code}\`` : '';
  const held = error.errors ?? [error.cause];
  const cause = held.includes(reason)
    ? ', which holds the reason'
    : error.cause instanceof Error && isCancellation(error.cause)
      ? `, caused by \`${error.cause.name}\``
      : '';
  const message = own === 'Error' ? ` with the message "${error.message}"` : '';
  return `\`${own}\`${code}${message}${cause}`;
}

function checkTable() {
  const lines = [...rows.values()].map(
    ({ library, calls, throws }) => `| ${library} | ${calls.join('<br>')} | ${throws} |`,
  );
  const table = [
    '| library | the function waits in | and throws |',
    '| --- | --- | --- |',
    ...lines,
  ];
  const docs = readFileSync(DOCS, 'utf8');
  const missing = table.filter((line) => !docs.includes(`${line}\n`));
  const stale = docs
    .slice(docs.indexOf('## Libraries'), docs.indexOf('## Cleaning up'))
    .split('\n')
    .filter((line) => line.startsWith('|') && !table.includes(line));
  if (missing.length + stale.length === 0) return;
  failures++;
  console.log(`FAIL  the table in docs/cancellation.md is not this one:\n\n${table.join('\n')}\n`);
}

// The packed package, installed by npm into a new project that has a superjson of its own: what npm
// then tells of it, how both module formats run, and each example as it is shipped.
// `node run.mjs`, after a build.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const exec = promisify(execFile);
const LONGEST_MS = 120_000;

const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
/** As the lock file has it, so that the registry is asked for nothing else. */
const pinned = (name) => `${name}@${lock.packages[`node_modules/${name}`].version}`;

const DEPENDENCIES = ['eventemitter3', 'ms', 'p-retry', 'superjson'];
const FLAGS = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];

/** What examples/service.ts imports: installed after the checks, as some are optional peers. */
const SERVICE = [
  '@hono/node-server',
  '@opentelemetry/api',
  '@opentelemetry/context-async-hooks',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-trace-base',
  'hono',
  'pino',
];
const DATASET = '@observablehq/sample-datasets';

const ROUND_TRIP = `
class Cursor { constructor(row) { this.row = row; } }
const serializer = new SuperJSON();
serializer.registerClass(Cursor, { identifier: 'Cursor' });
const entries = new Map();
const runtime = new systole.ActivityRuntime({ serializer, store: entries, logger: false });
runtime.run(async (ctx) => {
  if (ctx.info.attempt === 1) { ctx.heartbeat({ at: new Cursor(7) }); throw new Error('again'); }
  return ctx.heartbeatDetails.at instanceof Cursor && ctx.heartbeatDetails.at.row;
}, { retryPolicy: { initialInterval: 1 } }).then(console.log);
`;

const checks = {
  'npm lists the four dependencies, and no other package of ours': async (project) => {
    const tree = JSON.parse(await npm(project, 'ls', '--all', '--json'));
    const { dependencies } = tree.dependencies.systole;
    // Optional peers that are not installed are listed without a version.
    const installed = Object.keys(dependencies).filter((name) => dependencies[name].version);
    equal(installed.sort(), DEPENDENCIES);
  },
  'a superjson of the user is the only one': async (project) => {
    const places = (await npm(project, 'ls', 'superjson', '--all', '--parseable')).trim();
    equal(places.split('\n'), [join(project, 'node_modules/superjson')]);
  },
  'an SBOM names the dependencies': async (project) => {
    const sbom = JSON.parse(await npm(project, 'sbom', '--sbom-format=cyclonedx'));
    const names = new Set(sbom.components.map(({ name }) => name));
    equal(
      DEPENDENCIES.filter((name) => !names.has(name)),
      [],
    );
  },
  'an ES module runs, with the superjson of the user': async (project) => {
    const code = `import * as systole from 'systole'; import { SuperJSON } from 'superjson';${ROUND_TRIP}`;
    equal(await node(project, '--input-type=module', '--eval', code), '7\n');
  },
  'CommonJS runs, with the superjson of the user': async (project) => {
    const code = `const systole = require('systole');
      import('superjson').then(({ SuperJSON }) => {${ROUND_TRIP}});`;
    equal(await node(project, '--input-type=commonjs', '--eval', code), '7\n');
  },
};

if (!existsSync(join(root, 'dist/index.cjs'))) {
  fail('dist is not complete: run `npm run build` first');
} else {
  const project = await realpath(await mkdtemp(join(tmpdir(), 'systole-installed-')));
  try {
    await install(project);
    for (const [name, check] of Object.entries(checks)) await attempt(name, () => check(project));
    await npm(project, 'install', ...FLAGS, ...SERVICE.map(pinned));
    const examples = await examplesIn(project);
    for (const name of examples) {
      await attempt(name, () => node(project, '--import', 'tsx', join('node_modules', name)));
    }
    console.log(`tested: ${Object.keys(checks).length} checks, ${examples.length} examples`);
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

async function install(project) {
  const [{ filename }] = JSON.parse(
    await npm(root, 'pack', '--json', '--ignore-scripts', `--pack-destination=${project}`),
  );
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'program', version: '1.0.0', private: true }),
  );
  const others = ['superjson', 'tsx', 'jpeg-js', DATASET].map(pinned);
  await npm(project, 'install', ...FLAGS, `./${filename}`, ...others);
}

/** The programs among the examples: what lies beside them in folders is for them to import. */
async function examplesIn(project) {
  const folder = join(project, 'node_modules/systole/examples');
  const programs = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
  return [...programs, 'outgrow/main.ts'].map((file) => `systole/examples/${file}`);
}

async function attempt(name, check) {
  const start = performance.now();
  try {
    await check();
    console.log(`ok   ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  } catch (error) {
    fail(`FAIL ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.stack}`);
  }
}

async function npm(cwd, ...args) {
  const shell = process.platform === 'win32';
  return (await exec('npm', args, { cwd, shell, maxBuffer: 1e8 })).stdout;
}

async function node(cwd, ...args) {
  return (await exec(process.execPath, args, { cwd, timeout: LONGEST_MS, maxBuffer: 1e8 })).stdout;
}

function equal(actual, expected) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`expected ${b}, got ${a}`);
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

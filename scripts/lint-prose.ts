// Lints the English of the documents with Vale, by the rules of scripts/vale. Takes the `vale` on the
// PATH; else Go builds one, once, into the user's cache folder. Without either, it says so and passes.
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '3.21.0';
const MODULE = `github.com/vale-cli/vale/v3/cmd/vale@v${VERSION}`;
/** Without what typedoc writes. */
const FLAGS = ['--output=line', '--glob=!docs/reference/**'];
const PROSE = [
  'src',
  'test/conformance/RULES.md',
  'bench/README.md',
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs',
  'examples',
  'site/pages',
  'site/playground',
  'site/tour',
];

const vale = onPath() ?? built();
if (vale === undefined) {
  console.log(`left out: the prose linter: neither Vale ${VERSION} nor Go to build it is here`);
} else {
  const { status } = spawnSync(vale, [...FLAGS, ...PROSE], { stdio: 'inherit' });
  if (status === 0) console.log(`tested with Vale ${VERSION}: ${PROSE.join(', ')}`);
  process.exitCode = status ?? 1;
}

function onPath(): string | undefined {
  const { status, stdout } = run('vale', ['--version']);
  return status === 0 && stdout.includes(VERSION) ? 'vale' : undefined;
}

/** Vale as a Go module: its npm and PyPI packages download a program when they are installed. */
function built(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'systole', `vale-${VERSION}`);
  const program = join(folder, process.platform === 'win32' ? 'vale.exe' : 'vale');
  if (existsSync(program)) return program;
  if (run('go', ['version']).status !== 0) return undefined;
  console.log('building Vale: a minute the first time, and not again');
  const { status, stderr } = run('go', ['install', MODULE], {
    GOBIN: folder,
    GOTOOLCHAIN: 'local',
  });
  if (status !== 0) console.log(`go install ${MODULE}: ${stderr}`);
  return existsSync(program) ? program : undefined;
}

function run(command: string, args: readonly string[], env = {}): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
}

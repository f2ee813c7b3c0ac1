// --node 24: the same program on another Node, which comes from the npm package `node`.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [major] = process.versions.node.split('.').map(Number);

/** Whether this is Node 20: some targets are for Node 20 only. */
export const isNode20 = major < 22;

/**
 * Ends this process with the result of the same script on that Node, which is installed at first
 * use.
 */
export function rerunOn(version, args) {
  const node = installed(version);
  const found = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`Node ${found}, from the npm package node@${version}`);
  const { status, error } = spawnSync(node, [process.argv[1], ...args], { stdio: 'inherit' });
  if (error) throw error;
  process.exit(status ?? 1);
}

/** The arguments that are not `--node`. */
export function withoutNode(args) {
  return args.filter((arg, i) => !/^--node(=|$)/.test(arg) && args[i - 1] !== '--node');
}

function installed(version) {
  if (!/^\d+(\.\d+){0,2}$/.test(version)) throw new Error(`--node ${version}: as in 24 or 24.1.0`);
  const folder = join(tmpdir(), 'systole-bench-node', version);
  const windows = process.platform === 'win32';
  const node = join(folder, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(node)) return node;
  console.log(`installing node@${version}`);
  mkdirSync(folder, { recursive: true });
  // Its install script picks the package of this platform.
  const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', `node@${version}`];
  execFileSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'], shell: windows });
  if (!existsSync(node)) throw new Error(`node@${version} was installed, but brought no ${node}`);
  return node;
}

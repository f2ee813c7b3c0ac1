// Programs of the system, and how to get those that a test needs.
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const exe = process.platform === 'win32' ? '.exe' : '';
const LONGEST_INSTALL_MS = 300_000;

/** The path of the first program of these names that there is. */
export function onPath(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name + exe);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // not here
      }
    }
  }
  return undefined;
}

/**
 * The path of a program of Debian, whose package has its name. It is installed only in CI, and only if
 * that is possible.
 *
 * @param also other names of the program
 * @param variable an environment variable that may have its path
 */
export async function debianProgram(name, { also = [], variable } = {}) {
  const found = (variable && process.env[variable]) || onPath([name, ...also]);
  if (found) return found;
  const orSo = variable === undefined ? '' : `, and no ${variable} with its path`;
  const reason = `there is no ${name} on the PATH${orSo}`;
  if (!process.env.CI || process.getuid?.() !== 0 || !onPath(['apt-get'])) throw new Error(reason);
  const apt = (...args) =>
    run('apt-get', ['-q', '-y', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: LONGEST_INSTALL_MS,
    });
  try {
    await apt('update');
    await apt('install', '--no-install-recommends', name);
  } catch (error) {
    const [line] = /^E: .*/m.exec(error.stderr ?? '') ?? [error.message];
    throw new Error(`${reason}, and apt-get could not install it: ${line}`, { cause: error });
  }
  const installedNow = onPath([name]);
  if (!installedNow) throw new Error(reason);
  return installedNow;
}

// Fails when a dependency has a known vulnerability. Users' own audits see dependencies too, but not
// the copies in the CommonJS build, which only a release mends. Not every registry answers that question, and none does offline: then it says so and
// passes.
import { spawnSync } from 'node:child_process';
import { packagesIn } from './licenses.js';

interface Audit {
  readonly message?: string;
  readonly error?: { readonly code?: string; readonly summary?: string };
  readonly vulnerabilities?: Record<string, { readonly severity: string }>;
}

/** As npm puts it into its messages. */
const address = /(?: -)?(?: [A-Z]+| to)? https?:\/\/\S+/g;

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=1'], {
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
const audit = answered(stdout);
const carried = await packagesIn('dist');

if (audit.vulnerabilities === undefined) {
  console.log(`left out: npm audit: ${reason(audit)}`);
} else {
  const found = Object.entries(audit.vulnerabilities);
  for (const [name, { severity }] of found) {
    const where = carried.includes(name) ? ', and its code is in the CommonJS build' : '';
    console.error(`${name}: ${severity}${where}`);
  }
  console.log(`tested: npm audit: ${String(found.length)} vulnerable dependencies`);
  if (found.length > 0) process.exitCode = 1;
}

function answered(text: string): Audit {
  try {
    return JSON.parse(text) as Audit;
  } catch {
    return {};
  }
}

function reason({ message, error }: Audit): string {
  const said = message ?? error?.summary ?? error?.code ?? 'it said nothing';
  return `the registry does not answer audit requests (${said.replace(address, '')})`;
}

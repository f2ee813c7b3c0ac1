// Fails when a package that comes with systole has a known vulnerability. Not every registry
// answers that question, and none does offline: then it says so and passes.
import { spawnSync } from 'node:child_process';

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

if (audit.vulnerabilities === undefined) {
  console.log(`left out: npm audit: ${reason(audit)}`);
} else {
  const found = Object.entries(audit.vulnerabilities);
  for (const [name, { severity }] of found) console.error(`${name}: ${severity}`);
  console.log(`tested: npm audit: ${found.length} vulnerable packages among the dependencies`);
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

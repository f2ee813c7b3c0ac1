// Fails when a file in dist names a package that is not installed with it, when its types name any, or
// when a script that has to run without Node names a Node module. Only systole/temporal and systole/otel
// may name their optional peers.
import { readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { esmOnly } from '../tsup.config.js';

/** The others run in browsers, Bun and Deno too. */
const nodeEntries = new Set([
  'context',
  'node',
  'sqlite',
  'temporal',
  'temporal/activity',
  'workers',
  'progress',
  'inspect',
]);

const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
};

/** CommonJS cannot load those that are ES modules only. */
const isInstalled = (file: string, name: string): boolean =>
  Object.hasOwn(dependencies, name) && !(file.endsWith('.cjs') && esmOnly.includes(name));

const isPeerOf = (file: string, name: string): boolean =>
  (/^temporal\./.test(file) && name.startsWith('@temporalio/')) ||
  (/^otel\./.test(file) && name === '@opentelemetry/api');

const specifier =
  /(?:\bfrom\s*|(?<!-)\bimport\s*\(?\s*|\brequire\s*\(\s*|<reference\s+(?:types|path)=\s*)(['"])([^'"\n]+)\1/g;

const files = (await readdir('dist', { recursive: true })).filter((file) =>
  /\.(?:d\.c?ts|c?js)$/.test(file),
);
const named = new Map<string, string[]>();
for (const file of files) {
  // Rollup writes this for `import.meta.url` in CommonJS.
  const text = (await readFile(join('dist', file), 'utf8')).replaceAll("'u' + 'rl'", "'node:url'");
  named.set(
    file,
    // Our own name stands in examples of the documentation.
    [...text.matchAll(specifier)]
      .map(([, , name = '']) => name)
      .filter((it) => !/^systole\b/.test(it)),
  );
}

const problems: string[] = [];

for (const [file, names] of named) {
  const types = /\.d\.c?ts$/.test(file);
  for (const name of names) {
    if (name.startsWith('.') || isPeerOf(file, name)) continue;
    if (types) problems.push(`${file}: types of '${name}' leak into ours`);
    else if (!isBuiltin(name) && !isInstalled(file, name)) {
      problems.push(`${file}: needs '${name}', which nothing installs`);
    }
  }
}

const portable = new Set<string>();
for (const file of files) {
  const [, entry] = /^([a-z/]+)\.c?js$/.exec(file) ?? [];
  if (entry !== undefined && !nodeEntries.has(entry)) reach(file);
}
for (const file of portable) {
  for (const name of named.get(file) ?? []) {
    if (isBuiltin(name)) problems.push(`${file}: needs the Node module '${name}'`);
  }
}

if (!files.some((file) => file.endsWith('.d.ts')))
  problems.push('no declaration files: build first');
for (const problem of problems) console.error(problem);
console.log(`${String(files.length)} files in dist read, ${String(problems.length)} problems`);
if (problems.length > 0) process.exitCode = 1;

/** The file and all that it imports from dist. */
function reach(file: string): void {
  if (portable.has(file)) return;
  portable.add(file);
  for (const name of named.get(file) ?? []) {
    if (name.startsWith('.')) reach(posix.join(posix.dirname(file), name));
  }
}

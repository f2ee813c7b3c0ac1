// Fails when a declaration file in dist names another package, or a script names a Node module.
import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';

const builtins = new Set(builtinModules);
const specifier =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*|<reference\s+(?:types|path)=\s*)(['"])([^'"\n]+)\1/g;

const problems: string[] = [];
const files = (await readdir('dist')).filter((file) => /\.(?:d\.c?ts|c?js)$/.test(file));

for (const file of files) {
  const declaration = /\.d\.c?ts$/.test(file);
  const text = await readFile(join('dist', file), 'utf8');
  for (const [, , name = ''] of text.matchAll(specifier)) {
    if (name.startsWith('.')) continue;
    if (declaration) problems.push(`${file}: types of '${name}' leak into ours`);
    else if (name.startsWith('node:') || builtins.has(name)) {
      problems.push(`${file}: needs the Node module '${name}'`);
    }
  }
}

if (!files.some((file) => file.endsWith('.d.ts')))
  problems.push('no declaration files: build first');
for (const problem of problems) console.error(problem);
console.log(`${String(files.length)} files in dist read, ${String(problems.length)} problems`);
if (problems.length > 0) process.exitCode = 1;

// Checks every *.test-d.ts here against the built package, with each TypeScript version of
// package.json, as an ES module and as CommonJS, and as CommonJS with `moduleResolution: node10`, which
// knows no exports (older NestJS and ts-jest projects; TypeScript 7 has dropped it). Expected errors are written as
//   // @ts-expect-error <regular expression of the message>
// and one compiler, ts59, also checks that the message is the expected one.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const work = join(here, '.work');
const require = createRequire(import.meta.url);
const run = promisify(execFile);

const compilers = Object.keys(
  JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).devDependencies,
);
const messageCompiler = 'ts59';
const projects = {
  module: { type: 'module', resolution: { module: 'nodenext', moduleResolution: 'nodenext' } },
  commonjs: { type: 'commonjs', resolution: { module: 'nodenext', moduleResolution: 'nodenext' } },
  node10: { type: 'commonjs', resolution: { module: 'commonjs', moduleResolution: 'node10' } },
};
const lastWithNode10 = 6;
const marker = /^(\s*\/\/ *)@ts-expect-error\b:? *(.*)$/;

const compilerOptions = {
  target: 'es2022',
  lib: ['es2022', 'dom'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  esModuleInterop: true,
  // Our own declaration files must compile as well.
  skipLibCheck: false,
  noEmit: true,
};

const files = readdirSync(here).filter((file) => file.endsWith('.ts'));
const tests = files.filter((file) => file.endsWith('.test-d.ts'));

if (!existsSync(join(root, 'dist/index.d.ts')) || !existsSync(join(root, 'dist/index.d.cts'))) {
  fail('dist has no types: run `npm run build` first');
} else if (tests.length === 0) {
  fail('no *.test-d.ts files');
} else {
  await prepare();
  for (const compiler of compilers)
    await Promise.all(Object.keys(projects).map((project) => check(compiler, project)));
  checkMessages();
  rmSync(work, { recursive: true, force: true });
}

/** Lays out one project per format, with the package installed as npm would publish it. */
async function prepare() {
  rmSync(work, { recursive: true, force: true });
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
  });
  const [pack] = JSON.parse(stdout);
  for (const { path } of pack.files) {
    cpSync(join(root, path), join(work, 'node_modules/systole', path));
  }
  for (const [name, { type, resolution }] of Object.entries(projects)) {
    const folder = join(work, name);
    mkdirSync(folder, { recursive: true });
    for (const file of files) cpSync(join(here, file), join(folder, file));
    writeJson(join(folder, 'package.json'), { type });
    writeJson(join(folder, 'tsconfig.json'), {
      compilerOptions: { ...compilerOptions, ...resolution },
      files,
    });
  }
}

async function check(compiler, project) {
  const folder = dirname(require.resolve(`${compiler}/package.json`));
  const { version, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (project === 'node10' && Number.parseInt(version) > lastWithNode10) return;
  const name = `TypeScript ${version}, ${project}`;
  const start = performance.now();
  try {
    await run(process.execPath, [join(folder, bin.tsc), '-p', '.', '--pretty', 'false'], {
      cwd: join(work, project),
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`ok   ${name}: ${tests.length} files, ${seconds} s`);
  } catch (error) {
    fail(`FAIL ${name}\n${error.stdout || error.message}`);
  }
}

/**
 * Compiles the tests once more with the markers made plain comments, and holds each error that
 * then shows against the text after its marker.
 */
function checkMessages() {
  const ts = require(messageCompiler);
  const project = join(work, 'module');
  const expected = [];
  for (const file of tests) {
    const path = join(project, file);
    const lines = readFileSync(path, 'utf8').split('\n');
    lines.forEach((line, index) => {
      const found = marker.exec(line);
      if (!found) return;
      // The error belongs to the next line that is not blank and not a comment, as for tsc.
      let target = index + 1;
      while (/^\s*(\/\/.*)?$/.test(lines[target] ?? 'end')) target += 1;
      expected.push({ file, marker: index + 1, line: target + 1, pattern: found[2].trim() });
      lines[index] = `${found[1]}expected: ${found[2]}`;
    });
    writeFileSync(path, lines.join('\n'));
  }

  const { options } = ts.convertCompilerOptionsFromJson(
    { ...compilerOptions, ...projects.module.resolution },
    project,
  );
  const program = ts.createProgram(
    files.map((file) => join(project, file)),
    options,
  );
  const actual = ts.getPreEmitDiagnostics(program).map((diagnostic) => ({
    file: diagnostic.file?.fileName.split('/').at(-1),
    line: diagnostic.file
      ? diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1
      : 0,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
  }));

  const problems = [];
  for (const { file, marker, line, pattern } of expected) {
    const messages = actual.filter((one) => one.file === file && one.line === line);
    const at = `${file}:${marker}`;
    if (pattern === '')
      problems.push(`${at}: say after @ts-expect-error which message is expected`);
    else if (!messages.some(({ message }) => new RegExp(pattern, 's').test(message))) {
      const got = messages.map(({ message }) => message).join('\n') || 'no error';
      problems.push(`${at}: expected /${pattern}/ but got:\n${got.replace(/^/gm, '    ')}`);
    }
  }
  for (const { file, line, message } of actual) {
    if (expected.some((one) => one.file === file && one.line === line)) continue;
    problems.push(`${file}:${line}: ${message}`);
  }

  const name = `TypeScript ${ts.version}, messages`;
  if (problems.length > 0) fail(`FAIL ${name}\n${problems.join('\n')}`);
  else console.log(`ok   ${name}: ${expected.length} expected errors say what they should`);
}

function writeJson(path, value) {
  writeFileSync(path, JSON.stringify(value, null, 2));
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

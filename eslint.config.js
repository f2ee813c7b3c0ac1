import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The one file of src that may import each package. `test/package/imports.test.ts` reads it too. */
const homes = JSON.parse(readFileSync(new URL('test/package/homes.json', import.meta.url), 'utf8'));

/** The entries that need Node, and what only they import. */
const needNode = [
  'src/context.ts',
  'src/node.ts',
  'src/durable/files/*.ts',
  'src/runtime/context/ambient.ts',
  'src/durable/machine.ts',
  'src/durable/sqlite/*.ts',
  'src/workers/**/*.ts',
  'src/progress/{show,display}.ts',
  'src/inspect/*.ts',
];

const nodeModules = {
  group: ['node:*', ...builtinModules.filter((name) => !name.startsWith('_'))],
  message: 'The source runs in browsers, Bun and Deno too.',
};

const timeGlobals = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'performance',
];
const useClock = 'Time comes from the clock port; only src/kernel/clock.ts touches the real one.';

/** Forbids every package that does not belong in `file`. */
function restrictedImports(file, patterns = [nodeModules]) {
  const elsewhere = Object.entries(homes).filter(([, home]) => `src/${home}` !== file);
  return {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: elsewhere.map(([name, home]) => ({ name, message: `Only src/${home} imports it.` })),
        patterns,
      },
    ],
  };
}

export default defineConfig(
  globalIgnores([
    '.stryker-tmp/',
    'dist/',
    'coverage/',
    'bench/node_modules/',
    'site/.vitepress/dist/',
    'site/.vitepress/cache/',
    'site/public/',
    'test/hosts/types/',
    'test/hosts/fake-timers/types/',
  ]),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
      // `() => clearIt()` says what it does; the value of a void call cannot be misread there.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Numbers in messages read the same with and without String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `while (true)` with a way out inside is the plainest form of some loops.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // `this: void` in a function type says that the function is bound.
      '@typescript-eslint/no-invalid-void-type': ['error', { allowAsThisParameter: true }],
      // What users throw is passed on as it is, whether it is an Error or not.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // A leading underscore says that an argument is there for its position only.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      ...restrictedImports(),
      // A file holds one thing, and can be read at one go. Exceptions give their reason.
      'max-lines': ['error', { max: 250 }],
    },
  },
  ...Object.values(homes)
    .map((home) => `src/${home}`)
    .map((file) => ({ files: [file], rules: restrictedImports(file) })),
  {
    // They name the method that was called, for the stack of what it refuses; nobody calls it.
    files: [
      'src/kernel/failures.ts',
      'src/runtime/completion.ts',
      'src/runtime/handle.ts',
      'src/runtime/runtime.ts',
      'src/testing/environment.ts',
    ],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  { files: needNode, rules: restrictedImports(undefined, []) },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/kernel/clock.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...timeGlobals.map((name) => ({ name, message: useClock })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: useClock },
        ...['globalThis', 'window', 'self'].flatMap((object) =>
          timeGlobals.map((property) => ({ object, property, message: useClock })),
        ),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: useClock },
        { selector: 'CallExpression[callee.name="Date"]', message: useClock },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'site/{test,tour}/**/*.ts'],
    rules: {
      // Activities are async by contract, whether or not a given one awaits.
      '@typescript-eslint/require-await': 'off',
      // A test that finds nothing where something must be should crash there.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Throwing and rejecting with anything at all is what many tests are about.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // Activities and listeners that do nothing are common stand-ins.
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    // Plain JavaScript is in no TypeScript project, and the configuration of the site needs packages
    // that are only in its folder. So rules that need types cannot run.
    files: ['**/*.{js,mjs,cjs}', 'site/.vitepress/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: {
      // It needs a list of Node's globals, and a wrong name fails at the first run of a script.
      'no-undef': 'off',
    },
  },
);

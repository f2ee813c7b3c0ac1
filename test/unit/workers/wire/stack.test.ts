/** What a stuck thread was doing, from what a debugger tells. */
import { expect, test } from 'vitest';
import { pausedStack, type Debugger } from '../../../../src/workers/wire/stack.js';

/** A thread that is paused in these files, the innermost first. */
function pausedIn(...urls: string[]): Debugger {
  const listeners = new Map<string, (params: never) => void>();
  const tell = (method: string, params: object): void => listeners.get(method)?.(params as never);
  const post = (method: string, answered = (): void => {}): void => {
    if (method === 'Debugger.enable') {
      urls.forEach((url, scriptId) =>
        tell('Debugger.scriptParsed', { scriptId: `${scriptId}`, url, sourceMapURL: '' }),
      );
    }
    answered();
    if (method !== 'Debugger.pause') return;
    const callFrames = urls.map((_url, index) => ({
      functionName: `f${index}`,
      location: { scriptId: `${index}`, lineNumber: index, columnNumber: 4 },
    }));
    tell('Debugger.paused', { callFrames });
  };
  return { post, on: (method, listener) => listeners.set(method, listener) };
}

test('the stack of a stuck thread has only the lines of the program and its packages', async () => {
  const stack = await pausedStack(
    pausedIn(
      'node:internal/util',
      'file:///app/zip.js',
      'file:///app/node_modules/zlib-js/index.js',
      'systole-worker',
      'file:///app/node_modules/tsx/dist/suppress-warnings.cjs',
      '[eval]',
    ),
  );
  expect(stack).toBe(
    '    at f1 (file:///app/zip.js:2:5)\n' +
      '    at f2 (file:///app/node_modules/zlib-js/index.js:3:5)',
  );
});

test('the stack of a stuck thread is undefined if nothing of the program runs', async () => {
  expect(await pausedStack(pausedIn('node:internal/util'))).toBeUndefined();
});

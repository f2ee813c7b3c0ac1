/** Every message of the source can be found in docs/troubleshooting.md. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { messages } from '../support/messages.js';

/** Checks of our own, which the build leaves out. */
const OURS = /^src\/runtime\/activity\/state\.ts/;
/** How a value is shown, whatever the message. */
const VALUES = ['a huge bigint'];

const words = (text: string): number => text.match(/[\w'.-]+/g)?.length ?? 0;
/** As it is searched for: without what only joins it to what is filled in. */
const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replace(/^[\s,;:.()[\]"']+(?=\w)/, '')
    .replace(/[\s,;:.()[\]"]+$/, '');

const texts = messages().filter(
  ({ text, place }) => words(text) >= 3 && !OURS.test(place) && !VALUES.includes(text),
);

test('messages are found wherever they are put together', () => {
  expect(texts.length).toBeGreaterThan(100);
  const files = new Set(texts.map(({ place }) => place.replace(/:\d+$/, '')));
  expect([...files]).toEqual(
    expect.arrayContaining([
      'src/runtime/completion.ts', // given to an error
      'src/runtime/context/interceptors.ts', // to a logger
      'src/runtime/activity/warnings.ts', // by way of a variable that grows
      'src/heartbeat/store/load.ts', // of a parameter
      'src/runtime/activity/lost-this.ts', // of a function's result
      'src/temporal/options-table.ts', // of a table
      'src/testing/ending.ts', // of a list that is joined
    ]),
  );
});

test('docs/troubleshooting.md lists every message', async () => {
  const page = (await readFile('docs/troubleshooting.md', 'utf8')).replaceAll(/\s+/g, ' ');
  const missing = texts.filter(({ text }) => !page.includes(plain(text)));
  expect(missing.map(({ text, place }) => `${place}: ${text}`)).toEqual([]);
});

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

test('the source has messages', () => {
  const found = texts.map(({ text }) => text);
  expect(found.length).toBeGreaterThan(100);
  // By way of an error, a logger, a variable, a function's parameter, and a function's result.
  expect(found).toContain('No running attempt has this task token');
  expect(found).toContain('A heartbeat interceptor failed');
  expect(found).toContain('. They were not ');
  expect(found).toContain('the ctx.info.taskToken of a running attempt');
  expect(found.join('\n')).toContain('. Its "this" is undefined: pass (ctx');
});

test('docs/troubleshooting.md has each of them', async () => {
  const page = (await readFile('docs/troubleshooting.md', 'utf8')).replaceAll(/\s+/g, ' ');
  const missing = texts.filter(({ text }) => !page.includes(plain(text)));
  expect(missing.map(({ text, place }) => `${place}: ${text}`)).toEqual([]);
});

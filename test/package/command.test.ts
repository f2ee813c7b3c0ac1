/** The command of the package, `npx systole`. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';

const dist = inject('dist');

const LINES = [
  { at: 1_000, event: 'recording' },
  { at: 1_000, event: 'scheduled', activityId: '<i>', activityType: 't' },
  { at: 1_000, event: 'started', activityId: '<i>', activityType: 't', attempt: 1 },
  { at: 3_000, event: 'completed', activityId: '<i>', activityType: 't', attempt: 1 },
].map((event) => `${JSON.stringify(event)}\n`);

function systole(args: readonly string[], input = LINES.join('')) {
  const given = { encoding: 'utf8', input } as const;
  return spawnSync(process.execPath, ['bin/systole.mjs', ...args], given);
}

test.skipIf(dist === 'no source')('systole timeline draws a recording in each format', () => {
  const html = systole(['timeline']);
  expect(html).toMatchObject({ status: 0, stderr: '' });
  expect(html.stdout).toMatch(/^<!doctype html>[^]*&lt;i&gt;[^]*<\/html>\n$/);
  expect(systole(['timeline', '--format', 'svg', '-']).stdout).toMatch(/^<svg[^]*<\/svg>\n$/);
  expect(systole(['timeline', '--format=text']).stdout).toBe(
    't (<i>)\n  1   at 0 ms   no heartbeat   COMPLETED at 2 s\n',
  );
});

test.skipIf(dist === 'no source').each([
  [[], /^usage: systole timeline/],
  [['draw'], /^usage: systole timeline/],
  [['timeline', '--format', 'pdf'], /^--format pdf: not one of html, svg, text\n$/],
  [['timeline', '--size', '3'], /--size/],
  [['timeline', 'no-such-file'], /^no-such-file: there is no such file\n$/],
  [['timeline', 'src'], /^src: this is a folder\n$/],
  [['timeline', 'package.json'], /^Line 1 of the recording is not JSON: \{\n$/],
])('systole %j says what is wrong, and fails', (args, message) => {
  const { status, stdout, stderr } = systole(args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain('    at ');
});

test.skipIf(dist === 'no source')('systole names the line of a recording that is not JSON', () => {
  const { status, stderr } = systole(['timeline'], 'x\n{}\n');
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'Line 1 of the recording is not JSON: x\n',
  });
});

test.skipIf(dist === 'no source')('systole refuses JSON that is no recording', () => {
  const { status, stderr } = systole(['timeline'], '{"level":30}\n');
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(
      /^timelineHtml: received .*; expected what record\(\) returned, its events or its lines\n$/,
    ) as string,
  });
});

test.skipIf(dist === 'no source')('systole --version tells the version', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(systole(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
});

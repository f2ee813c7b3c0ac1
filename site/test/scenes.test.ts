/** The ready scenes: what becomes of each, and that its test passes. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { play, type Frame } from '../playground/play.js';
import type { Scene } from '../playground/scene.js';
import { scenes, sceneNames, type SceneName } from '../playground/scenes.js';

const folder = fileURLToPath(new URL('.generated/', import.meta.url));
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });

/** What each ready scene must show. */
const EXPECTED: Readonly<
  Record<SceneName, { summary: string; text: readonly (string | RegExp)[] }>
> = {
  resume: {
    summary: 'Completed after 2 attempts. The caller got: "6 rows"',
    text: [
      / 1 .*♥ 3 at 1.5 s +FAILED at 1.5 s: Error: connection lost +retry in 1 s/,
      / 2 .*given 3/,
    ],
  },
  hang: {
    summary: 'Completed after 2 attempts. The caller got: "6 rows"',
    text: [/TIMED_OUT at 4.5 s: HEARTBEAT/, / 2 .*given 3/],
  },
  zombie: {
    summary: 'Completed after 2 attempts. The caller got: "6 rows"',
    text: [/TIMED_OUT at 4 s: HEARTBEAT/, / 2 .*given 2 .*COMPLETED at 7 s/],
  },
  cancel: {
    summary: 'Cancelled after 1 attempt. The caller got the failure: CANCELLED',
    text: [/♥ 4 at 2 s +CANCELED at 2.5 s/],
  },
  crash: {
    summary: 'Completed after 1 attempt of process 2. The caller got: "6 rows"',
    text: [/TERMINATED at 1.7 s: the process crashed/, / 1 +at 2.7 s +given 3 /],
  },
  stall: {
    summary:
      'Completed after 2 attempts. The caller got: "Each attempt starts where the last one stopped."',
    text: [/TIMED_OUT at .*: STREAM/, / 2 .*given \["Each","attempt","starts"\]/],
  },
};

const outcomes = new Map(
  await Promise.all(
    sceneNames.map(async (name) => {
      const frames: Frame[] = [];
      const outcome = await play(scenes[name], (frame) => frames.push(frame));
      await writeFile(`${folder}${name}.js`, outcome.test ?? '');
      return [name, { outcome, frames }] as const;
    }),
  ),
);

describe.each(sceneNames)('the ready scene %s', (name) => {
  const { outcome, frames } = outcomes.get(name)!;

  test('ends as it says', () => {
    expect(outcome).toMatchObject({ summary: EXPECTED[name].summary, mistakes: [], notes: [] });
    for (const line of EXPECTED[name].text) expect(outcome.text).toMatch(line);
  });

  test('is drawn as it goes', () => {
    expect(frames.length).toBeGreaterThan(5);
    expect(outcome.svg).toMatch(/^<svg/);
    const times = frames.map(({ now }) => now);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  describe('has a test', () => import(`${folder}${name}.js`) as Promise<void>);
});

test('a zombie is shown as one', () => {
  expect(outcomes.get('zombie')!.outcome.svg).toContain('class="tail"');
});

test('a crash comes in the middle of a blocked event loop, and belongs to its activity', async () => {
  const outcome = await play(
    {
      ...scenes.crash,
      happenings: [
        { do: 'block', step: 3, seconds: 5 },
        { do: 'crash', at: 2.2 },
      ],
    },
    () => {},
  );
  expect(outcome.text.split('\n')).toEqual([
    'importRows (names.csv)',
    expect.stringMatching(/♥ 2 at 1 s +TERMINATED at 2.2 s: the process crashed$/),
    'importRows (names.csv)',
    expect.stringMatching(/ 1 +at 3.2 s +given 2 .*COMPLETED at 5.2 s$/),
    'the event loop was blocked for 1.2 s at 1 s',
  ]);
});

test.each([
  ['1n', '1n'],
  ['[{ big: 12n }, undefined, NaN]', '[{"big":12n},undefined,NaN]'],
  ['(() => { const a = { x: 1 }; a.me = a; return a; })()', '{"x":1,"me":(a cycle)}'],
  ['({ get x() { throw new Error("no"); } })', 'an object'],
  ['undefined', 'undefined'],
])('the result %s is shown as %s, and so is what is printed', async (result, text) => {
  const code = `async function work() {\n  console.log('got', ${result});\n  return ${result};\n}`;
  const scene = { title: 'a result', code, options: '{}', happenings: [] };
  const outcome = await play(scene, () => {});
  expect(outcome.summary).toBe(`Completed after 1 attempt. The caller got: ${text}`);
  expect(outcome.printed).toEqual([`got ${text}`]);
  expect(outcome.test).toContain('handle.result()');
});

describe('whatever the world does, the test of the scene passes', () => {
  const { code, options } = scenes.resume;
  const cases: Readonly<Record<string, Scene['happenings']>> = {
    nothing: [],
    'a pause': [{ do: 'pause', at: 1.2, seconds: 4 }],
    'a blocked event loop': [{ do: 'block', step: 3, seconds: 8 }],
    'a crash in a blocked event loop': [
      { do: 'block', step: 3, seconds: 8 },
      { do: 'crash', at: 2.2 },
    ],
    'two crashes and a hang': [
      { do: 'crash', at: 1.2 },
      { do: 'hang', step: 4 },
      { do: 'crash', at: 7.5 },
    ],
    'a cancellation of a crashed and paused activity': [
      { do: 'crash', at: 0.7 },
      { do: 'pause', at: 2, seconds: 3 },
      { do: 'cancel', at: 4 },
    ],
    'a cancellation of a hang': [
      { do: 'hang', step: 2 },
      { do: 'cancel', at: 1 },
    ],
    'all errors': [1, 2, 3, 4, 5].map((heartbeat) => ({ do: 'throw', heartbeat })),
    'what comes too late': [
      { do: 'cancel', at: 100 },
      { do: 'throw', heartbeat: 100 },
    ],
  };
  const seen = new Map<string, string>();

  for (const [title, happenings] of Object.entries(cases)) {
    const scene = { title, code, options, happenings };
    describe(title, async () => {
      const { test: text = '', summary, notes } = await play(scene, () => {});
      seen.set(title, [summary, ...notes].join(' '));
      const file = `${folder}${title.replaceAll(' ', '-')}.js`;
      await writeFile(file, text);
      await import(file);
    });
  }

  test('and each ends in its own way', () => {
    expect(Object.fromEntries(seen)).toEqual({
      nothing: 'Completed after 1 attempt. The caller got: "6 rows"',
      'a pause': 'Completed after 2 attempts. The caller got: "6 rows"',
      'a blocked event loop': 'Completed after 1 attempt. The caller got: "6 rows"',
      'a crash in a blocked event loop':
        'Completed after 1 attempt of process 2. The caller got: "6 rows"',
      'two crashes and a hang': 'Completed after 1 attempt of process 3. The caller got: "6 rows"',
      'a cancellation of a crashed and paused activity':
        'Cancelled after 1 attempt of process 2. The caller got the failure: CANCELLED',
      'a cancellation of a hang':
        'Timed out after 1 attempt. The caller got the failure: CANCELLED',
      'all errors': 'Failed after 5 attempts. The caller got the failure: connection lost',
      'what comes too late':
        'Completed after 1 attempt. The caller got: "6 rows" The activity had closed before 100 s, so no cancel came. ' +
        'failOnHeartbeat(100): there was no such heartbeat.',
    });
  });
});

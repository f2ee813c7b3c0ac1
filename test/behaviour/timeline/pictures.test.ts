import { describe, expect, test } from 'vitest';
import { timelineHtml, timelineSvg, timelineText, type TimelineEvent } from 'systole/timeline';
import { axisOf } from '../../../src/timeline/axis.js';
import { storyOf } from '../../../src/timeline/story.js';
import { faultOfSvg } from '../../support/markup.js';
import { HOSTILE, scenes } from '../../support/timeline-scenes.js';

const linesOf = (events: readonly TimelineEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');

describe.each(Object.entries(scenes))('the scene %s', (name, make) => {
  test('has the picture and the text that were looked at', async () => {
    const recording = await make();
    const svg = timelineSvg(recording, { width: 800, title: name });
    expect(faultOfSvg(svg)).toBeUndefined();
    await expect(svg).toMatchFileSnapshot(`golden/${name}.svg`);
    await expect(`${timelineText(recording)}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('draws when its recording was cut off anywhere', async () => {
    const events = (await make()) as TimelineEvent[];
    for (let from = 0; from < events.length; from++) {
      for (let to = from; to <= events.length; to++) {
        expect(faultOfSvg(timelineSvg(events.slice(from, to)))).toBeUndefined();
      }
    }
    const lines = linesOf(events);
    for (let length = 0; length < lines.length; length += 7) timelineText(lines.slice(0, length));
  });

  test('is the same when it is drawn from lines', async () => {
    const events = (await make()) as TimelineEvent[];
    const lines = linesOf(events);
    expect(timelineSvg(lines)).toBe(timelineSvg(events));
    expect(timelineSvg({ toJSON: () => events })).toBe(timelineSvg(events));
  });
});

test('text of users is never markup', () => {
  const events = scenes['hostile-text']?.() as TimelineEvent[];
  const page = timelineHtml(events);
  expect(page).not.toContain('<script');
  expect(page).toContain('&lt;script&gt;alert(1)');
  expect(page.match(/<\/text>/g)).toHaveLength(page.match(/<text/g)?.length ?? 0);
  expect(timelineSvg(events, { title: HOSTILE })).not.toContain('<script');
  expect(timelineText(events)).not.toMatch(/[\u0000\u0007\u202e]/u); // eslint-disable-line no-control-regex
});

test('a page has the picture and the text, and loads nothing', async () => {
  const page = timelineHtml((await scenes['slots']?.()) ?? '');
  expect(page).toContain('<svg');
  expect(page).toContain('waited for a slot 3 s');
  expect(page).toContain("default-src 'none'");
  expect(page.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
    /https?:|src=|href=|url\((?!#)/,
  );
});

test('a recording without events has a picture', () => {
  expect(timelineText('')).toBe('no attempt was made');
  expect(faultOfSvg(timelineSvg([]))).toBeUndefined();
  expect(timelineHtml([])).toContain('0 activities');
});

test.each([
  [1, '1   at 1 ms   no heartbeat   still RUNNING'],
  [5, '1   at 5 ms   waited for a slot 5 ms   no heartbeat   still RUNNING'],
])('an attempt that begins %d ms after the call is shown as %s', (ms, row) => {
  const events: TimelineEvent[] = [
    { at: 0, event: 'scheduled', activityId: 'i', activityType: 't' },
    { at: ms, event: 'started', activityId: 'i', activityType: 't', attempt: 1 },
  ];
  expect(timelineText(events)).toBe(`t (i)\n  ${row}`);
});

test('events of an activity that has closed are left out', () => {
  const events = scenes['blocked-loop']?.() as TimelineEvent[];
  const end = events.at(-1) as TimelineEvent;
  const names = ['heartbeat', 'attemptFailed', 'started', 'paused', 'failed'] as const;
  const later = names.map((event, index) => ({ ...end, at: end.at + index, event }));
  expect(timelineText([...events, ...later])).toBe(timelineText(events));
});

describe('bad input', () => {
  test('a line that is not JSON is named, unless it is the last one', () => {
    expect(() => timelineText('{"at":1}\nnonsense\n{"at":2}\n')).toThrow(
      'Line 2 of the recording is not JSON: nonsense',
    );
    expect(timelineText('{"at":1,"event":"recording"}\n{"at":')).toBe('no attempt was made');
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [{}, 'an object'],
    [[{ at: 1 }, 'x'], 'an array of 2'],
    [{ toJSON: () => [{ name: 'started' }] }, 'an object'],
    ['{"level":30,"msg":"a log"}\n', '"{\\"level'],
  ])('%j is no recording', (given, shown) => {
    for (const draw of [timelineText, timelineSvg, timelineHtml]) {
      const message = `${draw.name}: received ${shown}`;
      expect(() => draw(given as never)).toThrow(message);
      expect(() => draw(given as never)).toThrow(
        /; expected what record\(\) returned, its events or its lines$/,
      );
    }
  });

  test.each([
    [{ width: 10 }, 'timelineSvg width: received 10; expected a number from 400 to 20000'],
    [{ width: NaN }, 'timelineSvg width: received NaN; expected a number from 400 to 20000'],
    [{ title: 1 }, 'timelineSvg title: received 1; expected a string'],
    [{ widht: 500 }, 'timelineSvg has no option "widht"; did you mean'],
  ])('the options %j are refused', (options, message) => {
    expect(() => timelineSvg([], options as never)).toThrow(message);
  });
});

describe('long stretches in which nothing happens', () => {
  test('are folded, and the labels after them say when it is', async () => {
    const svg = timelineSvg((await scenes['hours-of-backoff']?.()) ?? '');
    expect(svg).toContain('3 h from 2 s, in which nothing happens');
    expect(svg).toContain('>3 h 4 s</text>');
  });

  test('have times inside them that come in order too', async () => {
    const story = storyOf((await scenes['hours-of-backoff']?.()) ?? '');
    const axis = axisOf(story, 0, 600);
    expect(axis.folds).toHaveLength(2);
    const places = Array.from({ length: 500 }, (_, n) =>
      axis.x(story.from + ((story.to - story.from) * n) / 499),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.at(-1)).toBeCloseTo(600);
  });
});

test.each([timelineText, timelineSvg, timelineHtml])(
  '%o refuses a text that is no recording, such as the name of a file',
  (draw) => {
    const { name } = draw;
    const expected = 'expected what record() returned, its events or its lines';
    expect(() => draw('hello')).toThrow(new TypeError(`${name}: received "hello"; ${expected}`));
    expect(() => draw('run.jsonl\n')).toThrow(
      new TypeError(`${name}: received "run.jsonl\\n"; ${expected}`),
    );
    expect(() => draw('{"at":1,"event":"recording"}\nhello')).toThrow(
      new TypeError('Line 2 of the recording is not JSON: hello'),
    );
    expect(() => draw('{"at":1,"ev')).not.toThrow();
  },
);

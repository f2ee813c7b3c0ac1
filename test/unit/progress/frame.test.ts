import { expect, test } from 'vitest';
import type { Progress } from '../../../src/live/progress.js';
import { frame, summary, type FrameOptions } from '../../../src/progress/frame.js';
import type { Shown } from '../../../src/progress/rows.js';
import { widthOf } from '../../../src/progress/width.js';
import { described } from '../../support/descriptions.js';

const at = (ms: number): Date => new Date(ms);

function shown(
  description: Parameters<typeof described>[0],
  progress?: Progress,
  perSecond?: number,
): Shown {
  return { description: described({ activityId: 'big.csv', ...description }), progress, perSecond };
}

/** At 3 s, on a wide terminal without colours. */
function drawn(all: readonly Shown[], options: Partial<FrameOptions> = {}): string[] {
  return frame(all, { more: 0, columns: 200, colours: false, now: 3_000, ...options });
}

const busy = shown(
  {
    runState: 'STARTED',
    attempt: 2,
    lastHeartbeatTime: at(2_600),
    heartbeatDeadline: at(7_600),
    options: { heartbeatTimeout: 5_000 },
  },
  { done: 5_190, total: 11_538, label: 'page 3' },
  1_200,
);

test('a line has the name, a bar, the count, the rate, the time left, the attempt, the heartbeat and the deadline', () => {
  expect(drawn([busy])).toEqual([
    'importRows big.csv  ███████░░░░░░░░░  44 %  5,190/11,538  page 3  1,200/s  5.3 s left  attempt 2  ♥ 0.4 s  times out in 4.6 s',
  ]);
});

test('the parts of several lines stand below each other', () => {
  const lines = drawn([busy, shown({ activityId: 'b', runState: 'STARTED' }, { done: 7 })]);
  expect(lines[1]).toMatch(/^importRows b +7$/);
  expect(lines[0]!.indexOf('5,190/11,538') + '5,190/11,538'.length).toBe(lines[1]!.length);
});

test.each([
  [{ runState: 'SCHEDULED' }, 'waits for a slot'],
  [
    { runState: 'SCHEDULED', nextAttemptScheduleTime: at(65_000), lastStartedTime: undefined },
    'starts in 1 min 2 s',
  ],
  [
    { runState: 'SCHEDULED', nextAttemptScheduleTime: at(5_000), attempt: 3 },
    'attempt 3  retry in 2.0 s',
  ],
  [{ runState: 'SCHEDULED', nextAttemptScheduleTime: at(2_000) }, 'waits for a slot'],
  [{ runState: 'PAUSED', status: 'PAUSED' }, 'paused'],
  [{ runState: 'CANCEL_REQUESTED' }, 'cancel requested'],
  [
    {
      runState: 'PAUSE_REQUESTED',
      expirationTime: at(63_000),
      options: { scheduleToCloseTimeout: 63_000 },
    },
    'pause requested, times out in 1 min',
  ],
] as const)('the line of an activity with %o says: %s', (description, words) => {
  expect(drawn([shown(description)])).toEqual([`importRows big.csv  ${words}`]);
});

test('a line shows the nearest of several limits', () => {
  const limits = {
    runState: 'STARTED',
    heartbeatDeadline: at(9_000),
    lastProgressTime: at(1_000),
    options: { heartbeatTimeout: 5_000, progressTimeout: 7_000, startToCloseTimeout: 60_000 },
  } as const;
  expect(drawn([shown(limits)])[0]).toMatch(/times out in 5\.0 s$/);
});

test('a line does not show a heartbeat of an earlier attempt', () => {
  const line = drawn([
    shown({ runState: 'STARTED', lastStartedTime: at(2_000), lastHeartbeatTime: at(1_000) }),
  ]);
  expect(line).toEqual(['importRows big.csv']);
});

test('an id that was generated is not shown', () => {
  const activityId = described().activityId;
  expect(activityId.length).toBeGreaterThan(22);
  expect(drawn([shown({ activityId, runState: 'STARTED' })])).toEqual(['importRows']);
});

test.each([
  [{ done: 10, total: 10 }, '100 %  10/10'],
  [{ done: 9_999, total: 10_000 }, '99 %  9,999/10,000'],
  [{ done: 12, total: 10 }, '100 %  12/10'],
  [{ done: 0, total: 0 }, '100 %  0/0'],
  [{ done: 0.125 }, '0.13'],
  [{ done: 1e21 }, '1e+21'],
] as const)('the progress %o is shown as %s', (progress, words) => {
  expect(drawn([shown({ runState: 'STARTED' }, progress)])[0]).toContain(`  ${words}`);
});

test('what does not fit is left out, the least important first, and no line is too wide', () => {
  for (let columns = 1; columns <= 140; columns++) {
    for (const line of drawn([busy], { columns }))
      expect(widthOf(line)).toBeLessThan(Math.max(columns, 2));
  }
  expect(drawn([busy], { columns: 100 })).toEqual([
    'importRows big.csv  ███████░░░░░░░░░  44 %  5,190/11,538  5.3 s left  attempt 2  times out in 4.6 s',
  ]);
  expect(drawn([busy], { columns: 60 })).toEqual([
    'importRows big.csv  44 %  5.3 s left  times out in 4.6 s',
  ]);
  expect(drawn([busy], { columns: 26 })).toEqual(['importRows big.csv  44 %']);
  expect(drawn([busy], { columns: 12 })).toEqual(['impo…  44 %']);
});

test('wide characters are counted as they are shown', () => {
  const lines = drawn([
    shown({ activityId: '日本語のファイル', runState: 'STARTED' }, { done: 1 }),
    shown({ activityId: 'x', runState: 'STARTED' }, { done: 2 }),
  ]);
  expect(lines.map(widthOf)).toEqual([30, 30]);
  const narrow = drawn([shown({ activityId: '日本語のファイル', runState: 'STARTED' })], {
    columns: 17,
  });
  expect(narrow).toEqual(['importRows 日本…']);
});

test('ids and labels cannot move the cursor', () => {
  const bad = '\u001b[2Jx\r\n\u0007';
  const [line] = drawn([shown({ activityId: bad, runState: 'STARTED' }, { done: 1, label: bad })]);
  expect(line).not.toMatch(/\p{Cc}/u);
  expect(line).toContain('importRows \\u001b[2Jx\\r\\n\\u0007');
});

test('activities that have no line are counted', () => {
  expect(drawn([busy], { more: 37 })[1]).toBe('and 37 more');
  expect(drawn([], { more: 2 })).toEqual(['2 activities']);
  expect(drawn([])).toEqual([]);
});

test('colours only add to the text: a limit that is near is yellow, then red', () => {
  const colourOf = (leftMs: number): string | undefined => {
    const one = shown({
      runState: 'STARTED',
      heartbeatDeadline: at(3_000 + leftMs),
      options: { heartbeatTimeout: 5_000 },
    });
    const [line] = drawn([one], { colours: true });
    // eslint-disable-next-line no-control-regex
    return /\u001b\[(\d+)mtimes/.exec(line!)?.[1];
  };
  expect([4_000, 2_000, 500].map(colourOf)).toEqual([undefined, '33', '31']);
  // eslint-disable-next-line no-control-regex
  const colour = /\u001b\[\d+m/g;
  const plain = drawn([busy], { colours: true }).map((line) => line.replaceAll(colour, ''));
  expect(plain).toEqual(drawn([busy]));
});

test('a summary is one line', () => {
  expect(summary([busy, shown({ activityId: 'c', runState: 'SCHEDULED' })], 11, 3_000)).toBe(
    'importRows big.csv: 44 %, 5,190/11,538, page 3, 1,200/s, 5.3 s left, attempt 2, times out in 4.6 s; ' +
      'importRows c: waits for a slot; and 11 more',
  );
});

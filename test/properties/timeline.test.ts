/** Any recording draws, whatever is in it, and nothing in a picture overlaps wrongly. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timelineHtml, timelineSvg, timelineText } from '../../src/timeline.js';
import { axisOf } from '../../src/timeline/axis.js';
import { EVENT_NAMES } from '../../src/kernel/events.js';
import { BAR_HEIGHT, layoutOf, MARGIN } from '../../src/timeline/layout.js';
import { storyOf } from '../../src/timeline/story.js';
import { faultOfSvg } from '../support/markup.js';
import { HOSTILE } from '../support/timeline-scenes.js';

const WIDTH = 900;
const name = fc.constantFrom('recording', 'blocked', ...EVENT_NAMES);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constant(HOSTILE));
/** Times that are close together, equal, or hours apart. */
const at = fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(100_000_000));

const event = fc.record(
  {
    at,
    event: name,
    activityId: fc.constantFrom('a', 'b', 'c'),
    activityType: text,
    attempt: fc.integer({ min: 1, max: 4 }),
    details: text,
    outcome: fc.oneof(fc.constantFrom('FAILED', 'TIMED_OUT', 'COMPLETED', 'PAUSED'), text),
    timeoutType: fc.constantFrom('HEARTBEAT', HOSTILE),
    reason: text,
    delayMs: fc.nat(10_000),
    blockedMs: fc.nat(3_000),
    running: fc.nat(5),
    waiting: fc.nat(5),
  },
  { requiredKeys: ['at', 'event', 'activityId', 'attempt'] },
);
const recording = fc.array(event, { maxLength: 60 });

test('any events draw, and the picture is well-formed', () => {
  fc.assert(
    fc.property(recording, (events) => {
      expect(faultOfSvg(timelineSvg(events as never, { width: WIDTH }))).toBeUndefined();
      expect(timelineHtml(events as never)).not.toMatch(/<script|<!--/i);
      expect(timelineText(events as never).replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cs}/u);
    }),
  );
});

test('any JSON among events draws, and so do lines of it', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (given) => {
      const values = [{ at: 1, event: 'recording' }, ...given];
      expect(faultOfSvg(timelineSvg(values as never))).toBeUndefined();
      timelineText(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
    }),
  );
});

test('in every lane, waits and attempts follow each other in time', () => {
  fc.assert(
    fc.property(recording, (events) => {
      const { lanes, from, to } = storyOf(events);
      for (const { waits, tries } of lanes) {
        for (const spans of [
          waits,
          tries,
          [...waits, ...tries].sort((a, b) => a.from - b.from || a.to - b.to),
        ]) {
          spans.reduce((end, span) => {
            expect(span.from).toBeGreaterThanOrEqual(end);
            expect(span.to).toBeGreaterThanOrEqual(span.from);
            return span.to;
          }, from);
          expect(spans.at(-1)?.to ?? to).toBeLessThanOrEqual(to);
        }
        for (const { beats, from: start, to: end } of tries) {
          for (const beat of beats) expect(beat.at).toBeGreaterThanOrEqual(start);
          for (const beat of beats) expect(beat.at).toBeLessThanOrEqual(end);
        }
      }
    }),
  );
});

test('nothing overlaps that stands side by side, and everything is inside the picture', () => {
  fc.assert(
    fc.property(recording, (events) => {
      const { lanes, left, bottom } = layoutOf(storyOf(events), WIDTH);
      let top = 0;
      for (const { y, height, waits, bars, tails, notes } of lanes) {
        expect(y).toBeGreaterThanOrEqual(top);
        top = y + height;
        const side = [...waits.map(({ x, toX }) => ({ x, to: toX })), ...bars];
        side.sort((a, b) => a.x - b.x || a.to - b.to);
        side.reduce((end, one) => {
          expect(one.x).toBeGreaterThanOrEqual(end - 1e-9);
          expect(one.to).toBeGreaterThan(one.x);
          return one.to;
        }, left);
        expect(side.at(-1)?.to ?? 0).toBeLessThanOrEqual(WIDTH - MARGIN);
        for (const { x, to, beats } of bars) {
          for (const beat of beats) expect(beat.x >= x && beat.x <= to).toBe(true);
        }
        const rows = new Map<number, number>();
        for (const { x, to, row } of tails) {
          expect(x).toBeGreaterThanOrEqual(rows.get(row) ?? 0);
          rows.set(row, to);
          expect(y + BAR_HEIGHT + 2 + row * 7 + 5).toBeLessThanOrEqual(y + height);
        }
        notes.reduce((end, { x, room }) => {
          expect(x).toBeGreaterThanOrEqual(end);
          return x + Math.max(0, room) * 6;
        }, 0);
      }
      expect(bottom).toBeGreaterThanOrEqual(top);
    }),
  );
});

test('later times are never further left, and labels have room', () => {
  fc.assert(
    fc.property(recording, fc.array(at, { minLength: 2 }), (events, times) => {
      const story = storyOf(events);
      const axis = axisOf(story, 100, 600);
      const places = times.sort((a, b) => a - b).map((time) => axis.x(time));
      for (let i = 1; i < places.length; i++)
        expect(places[i]! - places[i - 1]!).toBeGreaterThanOrEqual(-1e-9);
      expect(Math.min(...places)).toBeGreaterThanOrEqual(100);
      expect(Math.max(...places)).toBeLessThanOrEqual(700);
      const labels = axis.ticks.map(({ x }) => x);
      for (let i = 1; i < labels.length; i++)
        expect(labels[i]! - labels[i - 1]!).toBeGreaterThanOrEqual(70);
      expect(labels.length).toBeLessThan(12);
    }),
  );
});

// Recordings and their pictures.
import { ActivityRuntime, defaultRuntime } from 'systole';
import { TestActivityEnvironment } from 'systole/testing';
import {
  record,
  timelineHtml,
  timelineSvg,
  timelineText,
  type Recording,
  type TimelineEvent,
} from 'systole/timeline';
import { typeOf } from './assert.js';

const recording = record(new ActivityRuntime(), { limit: 100, details: false });
typeOf(recording).is<Recording>();
typeOf(record(defaultRuntime())).is<Recording>();
typeOf(recording.toLines()).is<string>();
typeOf(recording.toJSON()).is<TimelineEvent[]>();
typeOf(new TestActivityEnvironment().recording).is<Recording>();

// A picture is drawn from a recording, its events, or its lines.
const events: readonly TimelineEvent[] = recording.toJSON();
typeOf(timelineText(recording)).is<string>();
typeOf(timelineSvg(events, { width: 800, title: 'a run' })).is<string>();
typeOf(timelineHtml(recording.toLines())).is<string>();

// @ts-expect-error is not assignable to parameter of type 'Recordable'
record({});
// @ts-expect-error 'limits' does not exist in type 'RecordOptions'
record(new ActivityRuntime(), { limits: 1 });
// @ts-expect-error is not assignable to parameter of type 'Recorded'
timelineText(5);

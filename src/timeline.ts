/**
 * systole/timeline: records what a runtime does, and draws it as text, SVG or HTML. It uses no Node
 * module.
 */
export { record, type RecordOptions } from './timeline/record.js';
export type { Recordable } from './timeline/notes.js';
export type { Recording } from './timeline/recording.js';
export type { Recorded, TimelineEvent, TimelineEventName } from './timeline/events.js';
export { timelineText } from './timeline/text.js';
export { timelineSvg, type PictureOptions } from './timeline/svg.js';
export { timelineHtml } from './timeline/html.js';

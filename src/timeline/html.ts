/** Draws a recording as a page. */
import { refusable } from '../kernel/stack.js';
import type { Recorded } from './events.js';
import { escape } from './markup.js';
import { storyOf } from './story.js';
import { svgOf } from './svg.js';
import { textOf } from './text.js';

const WIDTH = 1_280;

/**
 * Draws a recording as one HTML page: the picture of `timelineSvg`, and the same as text. The page has
 * no scripts and loads nothing, so you can open it from a file.
 *
 * @throws TypeError if it gets something other than a recording, or text that is not lines of JSON
 */
export function timelineHtml(recording: Recorded): string {
  const story = refusable(timelineHtml, () => storyOf(recording, 'timelineHtml'));
  const began = new Date(story.base).toISOString();
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Timeline</title>
<style>
:root { color-scheme: light dark }
body { font: 14px system-ui, sans-serif; margin: 24px }
svg { max-width: 100%; height: auto }
pre { overflow-x: auto }
</style>
<h1>Timeline</h1>
<p>${story.lanes.length} activities. Times count from ${began}. Rest the pointer on a part of the picture to read about it.</p>
${svgOf(story, WIDTH, 'Timeline')}
<details><summary>The same as text</summary><pre>${escape(textOf(story))}</pre></details>
</html>
`;
}

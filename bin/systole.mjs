#!/usr/bin/env node
// npx systole timeline run.jsonl > run.html
// Draws a recording that was kept with `recording.toLines()`. `-` or no file reads standard input.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { timelineHtml, timelineSvg, timelineText } from '../dist/timeline.js';

const formats = { html: timelineHtml, svg: timelineSvg, text: timelineText };
const usage = `usage: systole timeline [--format html|svg|text] [file]
       systole --version

Draws a recording of systole/timeline (the text of recording.toLines()).
Without a file it reads standard input. The default format is html.`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      format: { type: 'string', default: 'html' },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', short: 'v', default: false },
    },
  });
  const [command, file = '-', ...rest] = positionals;
  if (values.version) console.log(manifest().version);
  else if (values.help) console.log(usage);
  else if (command !== 'timeline' || rest.length > 0) throw new Error(usage);
  else if (!Object.hasOwn(formats, values.format)) {
    throw new Error(`--format ${values.format}: not one of ${Object.keys(formats).join(', ')}`);
  } else {
    const lines = read(file);
    process.stdout.write(`${formats[values.format](lines).trimEnd()}\n`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function read(file) {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch ({ code, message }) {
    const why = { ENOENT: 'there is no such file', EISDIR: 'this is a folder' }[code] ?? message;
    throw new Error(`${file === '-' ? 'standard input' : file}: ${why}`);
  }
}

function manifest() {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
}

/**
 * The far side: the code that runs in a worker. It is built as a separate text: see `../code.ts`.
 */
import { provideFarAmbient } from './ambient.js';
import { init } from './globals.js';
import { serveProcess } from './in-process.js';
import { serveThread } from './in-thread.js';
import { watch } from './watchdog.js';

if (init.role !== 'watchdog') provideFarAmbient();
if (init.role === 'watchdog') watch(init);
else if (init.role === 'thread') serveThread(init);
else serveProcess(init);

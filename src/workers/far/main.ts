/** The far side: what runs in a worker. It is built as a text of its own: see `../code.ts`. */
import { init } from './globals.js';
import { serveProcess } from './in-process.js';
import { serveThread } from './in-thread.js';
import { watch } from './watchdog.js';

if (init.role === 'watchdog') watch(init);
else if (init.role === 'thread') serveThread(init);
else serveProcess(init);

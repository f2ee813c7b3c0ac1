// The package as an ES module.
import { createRequire } from 'node:module';
import * as systole from 'systole';
import * as context from 'systole/context';
import * as inspector from 'systole/inspect';
import * as node from 'systole/node';
import * as progress from 'systole/progress';
import * as testing from 'systole/testing';
import * as web from 'systole/web';
import { run } from './host.mjs';

const other = createRequire(import.meta.url)('systole');
await run({ systole, testing, context, node, web, progress, inspector, other });

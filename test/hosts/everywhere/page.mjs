// The package in a page, bundled.
import * as systole from 'systole';
import * as testing from 'systole/testing';
import * as web from 'systole/web';
import { everywhere } from './suite.mjs';

globalThis.outcome = everywhere({ systole, testing, web });

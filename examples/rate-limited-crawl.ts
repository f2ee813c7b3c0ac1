/**
 * Crawls three hosts politely: at most six pages at once, two per host, and a hundred new requests
 * per second. So a slow host cannot take every slot. A host that is busy says how long to wait.
 * Run it with `npx tsx examples/rate-limited-crawl.ts`.
 */
import assert from 'node:assert/strict';
import { ActivityRuntime, ApplicationFailure, type ActivityContext } from 'systole';
import { Site } from './support/site.js';

const PAGES = 12;

/** The activity fetches one page. */
async function fetchPage(ctx: ActivityContext, url: string): Promise<string> {
  const answer = await fetch(url, { signal: ctx.signal });
  if (answer.status === 503) {
    const seconds = Number(answer.headers.get('retry-after'));
    throw ApplicationFailure.create({ message: 'busy', nextRetryDelay: seconds * 1000 });
  }
  if (!answer.ok) {
    throw ApplicationFailure.nonRetryable(`the host answered ${answer.status}`);
  }
  return answer.text();
}

const slow = await Site.open({ pageMs: 150 });
const quick = await Site.open({ pageMs: 5 });
const busy = await Site.open({ pageMs: 5, busyEvery: 4 });
const sites = { slow, quick, busy };

await using runtime = new ActivityRuntime({
  maxConcurrentActivities: 6,
  maxConcurrentPerKey: 2,
  maxActivitiesPerSecond: 100,
  defaults: { startToCloseTimeout: '10s', retryPolicy: { maximumAttempts: 5 } },
  logger: false,
});

const starts: number[] = [];
runtime.on('started', () => starts.push(performance.now()));
const finished: string[] = [];

const pages = await Promise.all(
  Object.entries(sites).flatMap(([name, site]) =>
    Array.from({ length: PAGES }, async (_, page) => {
      const url = `${site.origin}/${page}`;
      const text = await runtime.run(fetchPage, { args: [url], concurrencyKey: site.origin });
      finished.push(name);
      return text;
    }),
  ),
);
for (const [name, { served, refused, atOnce }] of Object.entries(sites)) {
  console.log(`${name}: ${served} pages, ${refused} refusals, at most ${atOnce} requests at once`);
}
for (const site of Object.values(sites)) site.close();

assert.equal(new Set(pages).size, 3 * PAGES); // every page once
for (const { served, atOnce } of Object.values(sites)) {
  assert.equal(served, PAGES);
  assert.ok(atOnce <= 2, `${atOnce} requests at once`);
}
assert.ok(busy.refused > 0);
// The slow host still had most of its pages left when the quick one was done.
const slowDone = finished.slice(0, finished.lastIndexOf('quick')).filter((it) => it === 'slow');
assert.ok(slowDone.length < PAGES / 2, `${slowDone.length} pages of the slow host came first`);
const seconds = (starts.at(-1)! - starts[0]!) / 1000;
assert.ok((starts.length - 1) / seconds <= 101, `${starts.length} starts in ${seconds} s`);

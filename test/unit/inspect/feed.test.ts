/** The feed of the pages, in virtual time. */
import { expect, test, vi } from 'vitest';
import { Feed, type Inspectable } from '../../../src/inspect/feed.js';
import type { Changes } from '../../../src/inspect/messages.js';
import { Harness, never } from '../../support/harness.js';
import { runtimeOf } from '../../support/watchable.js';

function feedOf(harness: Harness, more: Partial<Inspectable> = {}) {
  const error = vi.fn();
  const runtime = { ...runtimeOf(harness), ...more };
  return { feed: new Feed(runtime, harness.clock, true, error), error };
}

function page() {
  const sent: string[] = [];
  return {
    sent,
    ready: true,
    send: (data: string) => void sent.push(data),
    get rows() {
      return sent.map((data) => (JSON.parse(data) as Changes).rows?.map(({ id }) => id));
    },
  };
}

test('a turn that throws is logged once, and the feed continues', async () => {
  const harness = new Harness();
  let broken = true;
  const { feed, error } = feedOf(harness, {
    stats: () => {
      if (broken) throw new Error('no counts');
      return harness.engine.stats();
    },
  });
  const client = page();
  feed.join(client);
  void harness.start(never, { activityId: 'x' });
  await harness.advance(1_000);
  expect(client.sent).toEqual([]);
  expect(error.mock.calls).toEqual([
    [
      'error',
      'inspect could not read an activity',
      { activityId: undefined, error: new Error('no counts') },
    ],
  ]);
  broken = false;
  await harness.advance(100);
  expect(client.rows).toEqual([['x']]);
});

test('an activity that cannot be described is logged once, and the others are sent', async () => {
  const harness = new Harness();
  const { getHandle } = runtimeOf(harness);
  const { feed, error } = feedOf(harness, {
    getHandle: <R, D>(id: string) => {
      const handle = getHandle<R, D>(id);
      if (id === 'bad') {
        vi.spyOn(handle, 'describe').mockImplementation(() => {
          throw new Error('no description');
        });
      }
      return handle;
    },
  });
  const client = page();
  void harness.start(never, { activityId: 'bad' });
  void harness.start(never, { activityId: 'good' });
  feed.join(client);
  await harness.advance(500);
  expect(client.rows).toEqual([['good']]);
  expect(error).toHaveBeenCalledExactlyOnceWith('error', expect.any(String), {
    activityId: 'bad',
    error: new Error('no description'),
  });
});

test('a message is made once for all pages', async () => {
  const harness = new Harness();
  const stats = vi.fn(() => harness.engine.stats());
  const { feed } = feedOf(harness, { stats });
  const pages = [page(), page(), page()];
  pages.forEach((client) => feed.join(client));
  await harness.advance(100);
  void harness.start(never, { activityId: 'x' });
  await harness.advance(100);
  for (const { rows } of pages) expect(rows).toEqual([[], ['x']]);
  expect(stats).toHaveBeenCalledTimes(2);
});

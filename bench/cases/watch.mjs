// `ctx.watch` with a limit, per item, next to a bare `for await` over the same stream. The streams of
// `fetch` and of Node are what it is made for. A generator that waits for nothing is the cheapest
// source there is: a heartbeat alone costs as much as one of its items.
import { Readable } from 'node:stream';
import { activityOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

async function* generator(count) {
  for (let i = 0; i < count; i++) yield i;
}

const webStream = (count) => {
  let sent = 0;
  return new ReadableStream({
    pull: (to) => (sent < count ? to.enqueue(sent++) : to.close()),
  });
};

const nodeStream = (count) => Readable.from(generator(count));

async function read(stream, count) {
  let items = 0;
  const start = performance.now();
  for await (const item of stream) if (item >= 0) items++;
  if (items !== count) throw new Error(`${items} items instead of ${count}`);
  return { time: ((performance.now() - start) * 1e6) / count };
}

const watched = (open) => async () => {
  const { runActivity } = await loadSystole();
  const loop = (ctx, count) => read(ctx.watch(open(count), { between: '1 minute' }), count);
  return (count) => runActivity(loop, { ...activityOptions, args: [count] });
};

const bare = (open) => () => (count) => read(open(count), count);

const row = (name, limit) => ({
  text: `ctx.watch, ${name}: per item, in a bare for await`,
  of: `systole, ${name}`,
  per: `bare, ${name}`,
  ...limit,
});

export default {
  title: 'ctx.watch, per item',
  contenders: {
    'systole, web stream': watched(webStream),
    'bare, web stream': bare(webStream),
    'systole, stream of Node': watched(nodeStream),
    'bare, stream of Node': bare(nodeStream),
    'systole, generator': watched(generator),
    'bare, generator': bare(generator),
  },
  rows: [
    row('web stream', { atMost: 2 }),
    row('stream of Node', { atMost: 2 }),
    row('generator', {}),
  ],
};

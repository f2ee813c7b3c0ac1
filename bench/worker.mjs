// A process of its own for some contenders of one case. Asked by the runner, it prepares one,
// or runs one batch of it: { contender, count } or, to be calibrated, { contender, batchMs }.
import cases from './cases/index.mjs';

const { contenders } = cases[process.argv[2]];
const prepared = {};

process.on('message', async ({ contender, count, batchMs }) => {
  try {
    const batch = (prepared[contender] ??= await contenders[contender]());
    process.send({ result: count ? await batch(count) : await calibrate(batch, batchMs) });
  } catch (error) {
    process.send({ error: error?.message ?? String(error) });
  }
});

/** Warms up and finds the number of calls that fills a batch. */
async function calibrate(batch, batchMs) {
  let count = 64;
  for (let warm = 0; warm < 3;) {
    const { time } = await batch(count);
    if ((time * count) / 1e6 >= batchMs / 2) warm++;
    count = Math.max(64, Math.min(count * 4, Math.round((batchMs * 1e6) / time)));
  }
  return count;
}

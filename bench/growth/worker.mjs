// A process of its own for one life at one size: worker.mjs <life> <count> <most repeats>;
// prints the medians.
import { summary } from '../report.mjs';
import { loadSystole } from '../systole.mjs';
import { lives } from './lives.mjs';

const live = lives[process.argv[2]];
const count = Number(process.argv[3]);
const mostRepeats = Number(process.argv[4]);

/** A small size is measured many times, a large one once. */
const timesFor = (activities, size) =>
  Math.max(1, Math.min(mostRepeats, Math.round(activities / size)));

const { ActivityRuntime } = await loadSystole();
const runtime = new ActivityRuntime({ logger: false });

// Every size is warmed up in the same way: the first calls of a process cost several times as much.
const warmUp = Math.min(count, 5_000);
for (let i = 0; i < timesFor(50_000, warmUp); i++) {
  await live({ ActivityRuntime, runtime, count: warmUp });
}
const samples = [];
for (let i = 0; i < timesFor(100_000, count); i++) {
  samples.push(await live({ ActivityRuntime, runtime, count }));
}
const medians = Object.keys(samples[0]).map((measure) => [
  measure,
  summary(samples.map((sample) => sample[measure])).median,
]);
console.log(JSON.stringify(Object.fromEntries(medians)));

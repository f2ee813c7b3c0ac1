// An ordinary transcoder that knows nothing of activities. It gzips a file in parts, starting with
// the given one, and prints a line of JSON for each part that it has written.
// node transcoder.mjs INPUT OUTPUT FROM_PART
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const PART_BYTES = 200_000;
const [input, output, from] = process.argv.slice(2);
const text = readFileSync(input);

for (let part = Number(from); part * PART_BYTES < text.length; part++) {
  if (String(part) === process.env.HANG_AT) {
    appendFileSync(output, 'half a part'); // and then it hangs
    await new Promise(() => setInterval(() => {}, 1_000_000));
  }
  appendFileSync(output, gzipSync(text.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)));
  console.log(JSON.stringify({ part: part + 1, bytes: statSync(output).size }));
}

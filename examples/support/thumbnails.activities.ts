/** The activity of ../thumbnails.ts. It runs in workers. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import jpeg from 'jpeg-js';
import type { ActivityContext } from 'systole';

/** Makes one thumbnail. Two images are poisoned: one never ends, and one takes the process down. */
export async function thumbnail(ctx: ActivityContext, file: string, to: string): Promise<number> {
  const { width, height, data } = jpeg.decode(await readFile(file));
  ctx.heartbeat();
  if (file.includes('loops')) searchForEver(data);
  if (file.includes('crashes')) process.abort(); // as native code does that goes astray
  const small = shrink(data, width, height, 4);
  const { data: bytes } = jpeg.encode(small, 80);
  // Fails if there is one already: each must be made once.
  await writeFile(join(to, basename(file)), bytes, { flag: 'wx' });
  return bytes.length;
}

/** The mean of each square of pixels. */
function shrink(from: Uint8Array, width: number, height: number, by: number) {
  const size = { width: Math.floor(width / by), height: Math.floor(height / by) };
  const data = Buffer.alloc(size.width * size.height * 4, 255);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let dy = 0; dy < by; dy++) {
          for (let dx = 0; dx < by; dx++) {
            sum += from[((y * by + dy) * width + x * by + dx) * 4 + channel] ?? 0;
          }
        }
        data[(y * size.width + x) * 4 + channel] = sum / (by * by);
      }
    }
  }
  return { ...size, data };
}

function searchForEver(data: Uint8Array): void {
  for (let at = 0; data[at] !== 256; at = (at + 1) % data.length);
}

// Builds the frame of the playground into public/play: one page that loads nothing. It also plays the
// first scene, which the front page shows before anything runs.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const site = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(site, '..');

/** The frame itself may load nothing. Its code is inline, and the worker's code is a text in it. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:";

const [frame, worker] = await Promise.all(['frame', 'worker'].map((name) => bundle(name)));
const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Runs the code of the playground</title>
</head>
<body>
<script type="text/plain" id="worker">${inline(worker)}</script>
<script>${inline(frame)}</script>
</body>
</html>
`;
await mkdir(join(site, 'public/play'), { recursive: true });
await writeFile(join(site, 'public/play/frame.html'), html);
console.log(`the frame of the playground: ${(gzipSync(html).length / 1000).toFixed(1)} kB gzipped`);

const { play, scenes } = await import(
  `data:text/javascript,${encodeURIComponent(await bundle('first', 'esm'))}`
);
const played = {};
for (const [name, scene] of Object.entries(scenes)) {
  played[name] = { title: scene.title, ...(await play(scene, () => {})) };
}
await mkdir(join(site, '.vitepress/generated'), { recursive: true });
await writeFile(join(site, '.vitepress/generated/first.json'), JSON.stringify(played.resume));
// For the tests in the browser, which must see the same.
await writeFile(join(site, '.vitepress/generated/scenes.json'), JSON.stringify(played));

async function bundle(name, format = 'iife') {
  const { outputFiles } = await build({
    entryPoints: [join(site, `playground/${name}.ts`)],
    bundle: true,
    minify: true,
    format,
    platform: 'browser',
    target: 'es2022',
    define: { SYSTOLE_BUILD: 'true' },
    alias: Object.fromEntries(
      ['testing', 'timeline']
        .map((entry) => [`systole/${entry}`, join(root, `src/${entry}.ts`)])
        .concat([['systole', join(root, 'src/index.ts')]]),
    ),
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** Nothing in the code may look like the end of its element. */
function inline(code) {
  return code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}

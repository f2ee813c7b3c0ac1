// Six pictures of the page for the documents.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export async function screenshots(browser, start, folder) {
  const shot = async (name, scene, colorScheme, prepare = async () => {}, args = []) => {
    const program = await start(scene, { args });
    const context = await browser.newContext({
      viewport: { width: 960, height: 480 },
      colorScheme,
    });
    const page = await context.newPage();
    await page.goto(program.url);
    await page.locator('.row').first().waitFor();
    await prepare(page);
    await page.waitForTimeout(2_500); // something to see on the timeline
    // WebP, which takes a quarter of a PNG, and the package contains them.
    const session = await context.newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 60 });
    await writeFile(join(folder, `${name}.webp`), Buffer.from(data, 'base64'));
    console.log(`made ${name}.webp`);
    await context.close();
    await program.stop();
  };
  const open = (id) => (page) => page.locator('.row', { hasText: id }).click();
  await shot('inspect-overview', 'some', 'light');
  await shot('inspect-dark', 'some', 'dark');
  await shot('inspect-activity', 'some', 'light', open('hangs'));
  await shot('inspect-failure', 'some', 'dark', open('onerror'));
  await shot('inspect-queue', 'queue', 'light');
  await shot('inspect-many', 'many', 'light', (page) => page.locator('#text').fill('resize 99'));
}

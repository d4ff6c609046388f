// `npm run screenshots`: takes the screenshots of the documents, into img/, from a running `vw demo`, and the login page from a
// relay with a key. Needs Chromium, as the tests do. To add a page, add a line to SHOTS.

import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openBrowser } from '../test/support/browser/browser.js';
import { closeAll } from '../test/support/cleanup.js';
import { type DemoAddresses, DemoProgram } from '../test/support/programs/demo.js';
import { TestRelay } from '../test/support/relay/relay.js';

/** One picture. */
interface Shot {
  /** In img/, without .png. */
  readonly name: string;
  readonly url: (demo: DemoAddresses, keyed: TestRelay) => string;
  readonly size: { readonly width: number; readonly height: number };
  /** Brings the page to what is to be seen. */
  readonly ready: (page: Page) => Promise<unknown>;
}

const SHOTS: readonly Shot[] = [
  {
    name: 'player',
    url: ({ relay }) => `${relay}/play/stream/demo`,
    size: { width: 800, height: 520 },
    ready: async (page) => {
      await page.waitForSelector('#player[data-state="playing"]');
      await page.click('#sound');
      await page.mouse.move(0, 0);
      // The figures are of the last two seconds.
      await page.waitForFunction(`/[1-9]/.test(document.querySelector('#bitrate').textContent)`);
      await page.evaluate('witness.countPictures(75, 10000)');
    },
  },
  {
    name: 'front-page',
    url: ({ relay }) => `${relay}/`,
    size: { width: 800, height: 420 },
    ready: (page) => page.waitForSelector('a[href="/play/stream/demo"]'),
  },
  {
    name: 'relay-server',
    url: ({ endpoints }) => `${endpoints[0]}/`,
    size: { width: 800, height: 200 },
    ready: (page) => page.waitForSelector('#list .live'),
  },
  {
    name: 'api',
    url: ({ relay }) => `${relay}/api/docs`,
    size: { width: 800, height: 520 },
    ready: (page) => page.waitForSelector('article'),
  },
  {
    name: 'login',
    url: (_demo, keyed) => `${keyed.url}/login`,
    size: { width: 800, height: 300 },
    ready: (page) => page.waitForSelector('#key'),
  },
];

const MOST_BYTES = 200_000; // each is in the repository
const wanted = process.argv.slice(2);

const demo = await DemoProgram.start();
const keyed = await TestRelay.start({ apiKey: 'a-key' });
const browser = await openBrowser();
for (const { name, url, size, ready } of SHOTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const page = await browser.newPage();
  await page.setViewportSize(size);
  await page.goto(url(demo, keyed));
  await ready(page);
  const path = fileURLToPath(new URL(`../img/${name}.png`, import.meta.url));
  await page.screenshot({ path });
  await page.close();
  const { size: bytes } = statSync(path);
  console.log(`img/${name}.png  ${Math.round(bytes / 1000)} kB`);
  if (bytes > MOST_BYTES) process.exitCode = 1;
}
await closeAll();

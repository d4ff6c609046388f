// Every text of every page stands out from what is behind it, in the light and in the dark.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { servePages } from '../../src/web/server/serve-pages.js';
import { openBrowser } from '../support/browser/browser.js';
import { TestServe } from '../support/relay/serve.js';
import { RawUpload } from '../support/relay/upload.js';
import { packets } from '../support/mpegts/ts.js';
import { TestRelay } from '../support/relay/relay.js';

const LEAST = 4.5;
const MEASURE = readFileSync(fileURLToPath(new URL('../support/browser/contrast.js', import.meta.url)), 'utf8');

/** A page, how it is brought to where it is looked at, and words that stand there then. */
interface Sight {
  readonly url: string;
  readonly go?: (page: Page) => Promise<unknown>;
  readonly says: string;
}

describe('the text of the pages', function () {
  this.timeout(60_000);
  const sights: Record<string, Sight> = {};

  async function start(): Promise<void> {
    const open = await TestRelay.start();
    const guarded = await TestRelay.start({ apiKey: 'the-right-key' });
    RawUpload.begin(open.port, 'video0').chunk(packets(10));
    await open.api('POST', '/api/streams', { stream: 'stream/front', feeds: ['nothing'] });
    const serve = async (secret: null | undefined) => {
      const pages = servePages({ wantsToken: secret !== null, embedders: [] });
      return TestServe.start({ pages, ...(secret === null && { secret }) });
    };
    const withTokens = await serve(undefined);
    const local = await serve(null);
    const board = await local.client('/in/video0');
    board.socket.send(packets(10));
    await local.client('/out/empty');
    const submit = async (page: Page, field: string, text: string) => {
      await page.fill(field, text);
      await page.click('form button');
    };
    const openAll = 'document.querySelectorAll("details").forEach((one) => (one.open = true))';
    Object.assign(sights, {
      'front page': { url: `${open.url}/`, says: 'live' },
      login: { url: `${guarded.url}/login`, says: 'The key' },
      'login with a wrong key': {
        url: `${guarded.url}/login`,
        go: (page) => submit(page, '#key', 'wrong'),
        says: 'That key is wrong.',
      },
      'API docs': { url: `${open.url}/api/docs`, go: (page) => page.evaluate(openAll), says: 'optional' },
      "vw serve's API docs": {
        url: `${withTokens.url}/api/docs`,
        go: (page) => page.evaluate(openAll),
        says: 'The state of a topic.',
      },
      player: { url: `${open.url}/play/nothing`, says: 'Waiting for a picture' },
      "vw serve's list": { url: `${local.url}/`, says: 'nothing sent' },
      "vw serve's list with a token form": { url: `${withTokens.url}/`, says: 'A token is required.' },
      "vw serve's list, not let in": {
        url: `${withTokens.url}/`,
        go: (page) => submit(page, '#token', 'wrong'),
        says: 'Access refused',
      },
      "vw serve's player": { url: `${withTokens.url}/play/video0`, says: 'A token is required' },
    } satisfies Record<string, Sight>);
  }

  it(`has a contrast of ${LEAST} at least, in the light and in the dark`, async () => {
    await start();
    const page = await (await openBrowser()).newPage();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [name, { url, go, says }] of Object.entries(sights)) {
        await page.goto(url);
        await go?.(page);
        await page.getByText(says).first().waitFor();
        const found: { text: string; contrast: number }[] = await page.evaluate(MEASURE);
        expect(
          found.some(({ text }) => text.includes(says)),
          `${name}: ${JSON.stringify(found)}`,
        ).to.equal(true);
        const faint = found.filter(({ contrast }) => contrast < LEAST);
        expect(faint, `${name}, ${colorScheme}`).to.deep.equal([]);
      }
    }
  });

  it('is light on the pages of vw serve where the system is', async () => {
    await start();
    const page = await (await openBrowser()).newPage();
    const paper = async (colorScheme: 'light' | 'dark') => {
      await page.emulateMedia({ colorScheme });
      const of = (selector: string) => `getComputedStyle(document.querySelector('${selector}')).backgroundColor`;
      await page.goto(sights["vw serve's list"]!.url);
      const list = await page.evaluate<string>(of('body'));
      await page.goto(sights["vw serve's player"]!.url);
      return [list, await page.evaluate<string>(of('#bar'))];
    };
    expect(await paper('light')).to.deep.equal(['rgb(246, 248, 250)', 'rgb(246, 248, 250)']);
    expect(await paper('dark')).to.deep.equal(['rgb(11, 15, 20)', 'rgb(17, 23, 30)']);
  });

  it('has no backticks on the page of the API', async () => {
    const relay = await TestRelay.start();
    const { text } = await relay.api('GET', '/api/docs');
    expect(text).not.to.contain('`');
    expect(text).to.contain('<code>destination</code>');
  });
});

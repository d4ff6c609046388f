// The page round the picture: keys, a phone, WebGL, tokens, data beside the picture.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { playerRoutes } from '../../src/web/server/player-routes.js';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { Camera } from '../support/media/camera.js';
import { afterTest } from '../support/cleanup.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

/** An endpoint that wants the token "right" as first message, and then plays a feed of `vw`. */
async function startTokenServer(vw: TestRelay): Promise<{ url: string; tokens: string[] }> {
  const routes = playerRoutes({ socketPath: '/out/', readName: (name) => name, wantsToken: true, frameAncestors: [] });
  const server = createServer((request, response) => routes(request, response, () => response.writeHead(404).end()));
  const sockets = new WebSocketServer({ server });
  const tokens: string[] = [];
  sockets.on('connection', (client) => {
    client.once('message', (data: Buffer) => {
      tokens.push(data.toString());
      const authorised = data.toString() === 'right';
      client.send(JSON.stringify({ topic: 'x', token: '', authorised, reason: authorised ? 'ok' : 'no such token' }));
      if (!authorised) return client.close();
      const feed = new WebSocket(vw.ws('video0'));
      feed.on('message', (packets: Buffer) => client.send(packets));
      client.on('close', () => feed.terminate());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/play/video0`, tokens };
}

describe('the page', function () {
  this.timeout(30_000);
  let vw: TestRelay;

  beforeEach(async () => {
    vw = await TestRelay.start();
    Camera.picture('mpeg1video', `${vw.url}/ts/video0`);
    await until('the feed is up', () => (vw.relay.stats().feeds.video0?.packets ?? 0) > 0);
  });

  it('is reached from the front page', async () => {
    const { page } = await PlayerPage.open(await openBrowser(), vw.url);
    await page.click('text=video0');
    await page.waitForSelector('#player[data-state="playing"]');
  });

  it('has names for its buttons, and keys for them', async () => {
    const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/video0`);
    await one.isIn('playing');
    await one.page.getByRole('button', { name: 'Unmute', exact: true }).waitFor();
    await one.page.keyboard.press('m');
    await one.page.getByRole('button', { name: 'Mute', exact: true }).waitFor();
    await one.page.keyboard.press('Tab');
    await one.page.keyboard.press('Enter');
    await one.page.getByRole('button', { name: 'Unmute', exact: true }).waitFor();
    await one.page.keyboard.press('f');
    await one.page.getByRole('button', { name: 'Leave full screen' }).waitFor();
    await one.moves(5);
    await one.page.keyboard.press('f');
    await one.page.getByRole('button', { name: 'Full screen', exact: true }).waitFor();
  });

  it('fits a phone: nothing to scroll, buttons for fingers', async () => {
    const one = await PlayerPage.open(await openBrowser({ width: 360, height: 640 }), `${vw.url}/play/video0`);
    await one.isIn('playing');
    for (const size of [
      { width: 360, height: 640 },
      { width: 640, height: 320 },
    ]) {
      await one.page.setViewportSize(size);
      const scrolls =
        'document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight';
      expect(await one.page.evaluate(scrolls)).to.be.false;
      for (const id of ['#sound', '#full']) {
        const box = (await one.page.locator(id).boundingBox())!;
        expect(Math.min(box.width, box.height), id).to.be.at.least(44);
        expect(box.x + box.width, id).to.be.at.most(size.width);
        expect(box.y + box.height, id).to.be.at.most(size.height);
      }
    }
  });

  it('draws with WebGL where it is quick', async () => {
    const context = await openBrowser();
    // This machine has WebGL in software only, which the page would not take.
    await context.addInitScript(`{
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function (kind, options) {
        return getContext.call(this, kind, { ...options, failIfMajorPerformanceCaveat: false });
      };
    }`);
    const one = await PlayerPage.open(context, `${vw.url}/play/video0`);
    await one.isIn('playing');
    await one.moves(10);
    expect(await one.page.evaluate(`document.querySelector('#stage canvas').getContext('webgl') !== null`)).to.be.true;
    expect(await one.violations()).to.deep.equal([]);
  });

  it('is not troubled by data beside the picture', async () => {
    Camera.sound('mp2', `${vw.url}/ts/audio0`);
    await vw.api('POST', '/api/streams', { stream: 'stream/lab', feeds: ['video0', 'data0'] });
    const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/stream/lab`);
    await one.isIn('playing');
    const instrument = new WebSocket(vw.ws('data0'));
    await once(instrument, 'open');
    instrument.send('{"authorised": false}');
    instrument.send(Buffer.from([1, 2, 3]));
    await one.moves(20);
    await one.isIn('playing');
    instrument.terminate();
  });

  it('asks for a token where one is wanted, sends it first, and asks again when it is refused', async () => {
    const { url, tokens } = await startTokenServer(vw);
    const context = await openBrowser();
    const one = await PlayerPage.open(context, url);
    await one.page.getByLabel('Token').fill('wrong');
    await one.page.keyboard.press('Enter');
    await one.isIn('refused');
    await one.says('status', /no such token/);
    await one.page.getByLabel('Token').fill('right');
    await one.page.getByRole('button', { name: 'Watch' }).click();
    await one.isIn('playing');
    await one.moves(5);
    expect(tokens).to.deep.equal(['wrong', 'right']);
    await one.page.reload(); // kept for this tab
    await one.isIn('playing');
    expect(await one.violations()).to.deep.equal([]);
  });

  it("takes a token from the URL's fragment", async () => {
    const { url, tokens } = await startTokenServer(vw);
    const one = await PlayerPage.open(await openBrowser(), `${url}#token=right`);
    await one.isIn('playing');
    expect(tokens).to.deep.equal(['right']);
  });
});

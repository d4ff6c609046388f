// A person with a real browser gets in: the login, the page after it and what that loads, under every name of the relay.

import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BrowserContext } from 'playwright-core';
import { servePages } from '../../src/web/server/serve-pages.js';
import { certificateFor } from '../support/relay/certificates.js';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { Camera } from '../support/media/camera.js';
import { afterTest } from '../support/cleanup.js';
import { TestServe } from '../support/relay/serve.js';
import { scratch } from '../support/media/ffmpeg.js';
import { outerAddress } from '../support/relay/wire.js';
import { TestRelay } from '../support/relay/relay.js';

const KEY = 'the-right-key-of-this-board';
const NAME = 'board.lab.example';
const NAMES = ['127.0.0.1', 'localhost', outerAddress(), hostname(), NAME];
const allowed = { hosts: new Set([NAME]), origins: new Set<string>() };
const WINDOW = { width: 1000, height: 640 };
const browser = (ignoreHTTPSErrors = false) => {
  const args = [`--host-resolver-rules=MAP ${NAME} 127.0.0.1, MAP evil.example 127.0.0.1`];
  return openBrowser(WINDOW, { args, ignoreHTTPSErrors });
};

/** Opens the player without a key, shows a wrong one, then the right one, and watches until pictures move. */
async function logIn(context: BrowserContext, base: string): Promise<void> {
  const one = await PlayerPage.open(context, `${base}/play/video0`);
  const { page } = one;
  expect(page.url()).to.equal(`${base}/login?to=%2Fplay%2Fvideo0`);
  await page.fill('#key', 'not-the-key');
  await page.click('button');
  expect(await page.locator('[role=alert]').innerText()).to.equal('That key is wrong.');
  await page.fill('#key', KEY);
  await page.click('button');
  expect(page.url()).to.equal(`${base}/play/video0`);
  await one.isIn('playing');
  await one.moves(5);
  await page.close();
}

describe('a browser', function () {
  this.timeout(90_000);

  it('logs in and plays under every name of the relay', async () => {
    const relay = await TestRelay.start({ apiKey: KEY, host: '0.0.0.0', allowed });
    Camera.picture('mpeg1video', `${relay.url}/ts/video0`);
    const context = await browser();
    for (const name of NAMES) await logIn(context, `http://${name}:${relay.port}`);
  });

  it('logs in and plays over TLS', async () => {
    const folder = scratch();
    const { cert, key } = await certificateFor([NAME, '127.0.0.1']);
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
    const certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const relay = await TestRelay.start({ apiKey: KEY, allowed, certificate });
    Camera.picture('mpeg1video', `https://127.0.0.1:${relay.port}/ts/video0`);
    const context = await browser(true);
    for (const name of [NAME, '127.0.0.1']) await logIn(context, `https://${name}:${relay.port}`);
  });

  it('plays without a key under an allowed name, and is refused under one that was made to point here', async () => {
    const relay = await TestRelay.start({ allowed });
    Camera.picture('mpeg1video', `${relay.url}/ts/video0`);
    const context = await browser();
    const one = await PlayerPage.open(context, `http://${NAME}:${relay.port}/play/video0`);
    await one.isIn('playing');
    const page = await context.newPage();
    const answer = await page.goto(`http://evil.example:${relay.port}/play/video0`);
    expect(answer!.status()).to.equal(421);
  });

  it('cannot be made to log in, or to change rules, by a page of another origin', async () => {
    const relay = await TestRelay.start({ apiKey: KEY, allowed });
    const elsewhere = createServer((_request, response) => response.end('<!doctype html>')).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    afterTest(() => elsewhere.close());
    const context = await browser();
    for (const [path, name, value] of [
      ['/login', 'key', KEY],
      ['/api/streams', '{"stream":"stream/a","feeds":[],"x":"', '"}'],
    ] as const) {
      const page = await context.newPage();
      await page.goto(`http://evil.example:${(elsewhere.address() as AddressInfo).port}/`);
      const action = `http://127.0.0.1:${relay.port}${path}`;
      const answer = page.waitForResponse((response) => response.url() === action);
      await page.evaluate(`{
        const form = Object.assign(document.createElement('form'), { method: 'post', action: ${JSON.stringify(action)} });
        const field = Object.assign(document.createElement('input'), ${JSON.stringify({ name, value })});
        form.append(field);
        document.body.append(form);
        form.submit();
      }`);
      expect((await answer).status(), path).to.equal(403);
    }
  });

  it('finds the pages of vw serve under every name: the list, the form for a token, and the player', async () => {
    const relay = await TestRelay.start();
    Camera.picture('mpeg1video', `${relay.url}/ts/video0`);
    for (const secret of [undefined, null]) {
      const pages = servePages({ wantsToken: secret !== null, embedders: [] });
      const serve = await TestServe.start({ host: '0.0.0.0', pages, allowed, ...(secret === null && { secret }) });
      const token = secret === null ? {} : { token: serve.pathToken('/in/video0') };
      await relay.send({ destination: `ws://127.0.0.1:${serve.port}/in/video0`, ...token });
      const context = await browser();
      // Without a secret only this machine is let in.
      for (const name of secret === null ? ['127.0.0.1', NAME] : [outerAddress(), NAME]) {
        const one = await PlayerPage.open(context, `http://${name}:${serve.port}/`);
        if (secret !== null) {
          await one.page.fill('#token', serve.token('video0', ['read']));
          await one.page.click('button');
        }
        await one.page.click('#list a');
        await one.isIn('playing');
        await one.moves(5);
        await one.page.close();
      }
    }
  });
});

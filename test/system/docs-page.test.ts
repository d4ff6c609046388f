// The page of the API, as somebody sees it on a phone.

import { expect } from 'chai';
import { openBrowser } from '../support/browser/browser.js';
import { openDocument, operationsOf } from '../support/relay/document.js';
import { TestRelay } from '../support/relay/relay.js';
import { TestServe } from '../support/relay/serve.js';
import { servePages } from '../../src/web/server/serve-pages.js';

/** A server of each kind. */
const SERVERS: Readonly<Record<string, () => Promise<{ readonly url: string; readonly port: number }>>> = {
  'vw stream': () => TestRelay.start(),
  'vw serve': () => TestServe.start({ secret: null, pages: servePages({ wantsToken: false, embedders: [] }) }),
  'vw serve with tokens': () => TestServe.start({ pages: servePages({ wantsToken: true, embedders: [] }) }),
};

describe('/api/docs', () => {
  for (const [name, start] of Object.entries(SERVERS)) {
    it(`of ${name} tells every path and schema, fits a phone, and needs nothing that its policy forbids`, async () => {
      const server = await start();
      const document = await openDocument(server);
      const page = await (await openBrowser({ width: 360, height: 700 })).newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(`${server.url}/api/docs`);
      const listed = await page.locator('article h3').allInnerTexts();
      for (const { method, template } of operationsOf(document)) {
        const isListed = listed.some((text) => text.split(/\s+/).includes(method) && text.endsWith(template));
        expect(isListed, `${method} ${template}`).to.equal(true);
      }
      for (const name of Object.keys(document.components.schemas)) {
        expect(await page.locator(`#schema-${name}`).count(), name).to.equal(1);
      }
      const broken = await page.evaluate(
        '[...document.links].map(({ hash }) => hash.slice(1)).filter((id) => id && !document.getElementById(id))',
      );
      expect(broken, 'links that lead nowhere').to.deep.equal([]);
      await page.evaluate('document.querySelectorAll("details").forEach((one) => (one.open = true))');
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(360);
      expect(await page.evaluate('getComputedStyle(document.querySelector("article")).borderTopWidth')).to.equal('1px');
      expect(complaints).to.deep.equal([]);
    });
  }

  it('has commands for this server, and no script or style of its own', async () => {
    const relay = await TestRelay.start();
    const response = await relay.api('GET', '/api/docs');
    expect(response.text).not.to.match(/<script|style=|onclick/);
    expect(response.headers.get('content-security-policy')).to.contain("default-src 'none'");
    expect(response.text).to.contain(`curl http://127.0.0.1:${relay.port}/api/streams/all`);
    const serve = await TestServe.start({ secret: null });
    const { text, headers } = await serve.api('GET', '/api/docs');
    expect(text).not.to.match(/<script|style=|onclick/);
    expect(headers.get('content-security-policy')).to.contain("default-src 'none'; style-src 'self'");
    expect(text).to.contain(`curl -X POST http://127.0.0.1:${serve.port}/session/video0`);
    expect(text).to.contain(`new WebSocket(&#39;ws://127.0.0.1:${serve.port}/out/video0&#39;)`);
  });
});

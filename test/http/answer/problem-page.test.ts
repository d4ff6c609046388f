// Errors are pages for who has opened an address in a browser, and JSON for programs: at both servers.

import { expect } from 'chai';
import { prefersPage } from '../../../src/http/request/accept.js';
import { servePages } from '../../../src/web/server/serve-pages.js';
import { problemPage } from '../../../src/http/answer/problem-page.js';
import { TestServe } from '../../support/relay/serve.js';
import { TestRelay } from '../../support/relay/relay.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

describe('prefersPage', () => {
  for (const [accept, expected] of [
    [BROWSER, true],
    ['text/html', true],
    ['TEXT/HTML;q=0.9, application/json;q=0.5', true],
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/*', false],
    ['application/json', false],
    ['application/json, text/html;q=0.9', false],
    ['application/json, text/html', false],
    ['text/html;q=0', false],
    ['text/html;q=x', false],
  ] as const) {
    it(`of ${JSON.stringify(accept)} is ${expected}`, () => {
      expect(prefersPage(accept)).to.equal(expected);
    });
  }
});

describe('an error', () => {
  it('is a page for a browser, in the style of the others, and JSON for curl, at both servers', async () => {
    const pages = servePages({ wantsToken: true, embedders: [] });
    const [relay, serve] = [await TestRelay.start({ apiKey: 'a-key' }), await TestServe.start({ pages })];
    for (const [base, headers, paths] of [
      [
        relay.url,
        { Authorization: 'Bearer a-key' },
        ['/nosuch', '/api/stat', '/api//stats', '/ts/nosuch', '/play/a b', '/%'],
      ],
      [relay.url, {}, ['/api/stats']],
      [serve.url, {}, ['/nosuch', '/in/x', '/api/stats', '//x', '/play/a%20b']],
    ] as const) {
      for (const path of paths) {
        const ask = (Accept: string, method = 'GET') => fetch(base + path, { method, headers: { ...headers, Accept } });
        const [page, json] = [await ask(BROWSER), await ask('*/*')];
        expect(page.status, path).to.equal(json.status).and.be.at.least(400);
        const problem = (await json.json()) as { code: string; title: string };
        expect(json.headers.get('content-type'), path).to.match(/^application\/problem\+json/);
        expect(page.headers.get('content-type'), path).to.equal('text/html; charset=utf-8');
        expect(page.headers.get('vary'), path).to.match(/Accept(,|$)/);
        expect(page.headers.get('content-security-policy'), path)
          .to.contain("style-src 'self'")
          .and.contain("default-src 'none'");
        const text = await page.text();
        expect(text, path).to.contain(`<h1>${problem.title}</h1>`).and.contain(problem.code);
        const style = /<link rel="stylesheet" href="([^"]+)">/.exec(text)![1]!;
        const css = await fetch(base + style);
        expect([css.status, css.headers.get('content-type')], style).to.deep.equal([200, 'text/css; charset=utf-8']);
        expect((await ask(BROWSER, 'POST')).headers.get('content-type'), path).not.to.match(/html/);
      }
    }
  });

  it('shows nothing of a path as markup', () => {
    const page = problemPage(
      {
        title: 'Not Found',
        status: 404,
        code: 'ERR_NO_SUCH_PATH',
        detail: 'there is nothing at /<script>alert("x")</script>',
      },
      '/style.css',
    );
    expect(page).to.contain('There is nothing at /&lt;script&gt;').and.not.contain('<script');
  });
});

// Where pages are mounted, the headers of every answer, and where ours may be shown in a frame.

import { expect } from 'chai';
import type { PageHandler } from '../../../src/http/page-handler.js';
import { TestServe } from '../../support/relay/serve.js';

const pages: PageHandler = (request, response, next) => {
  if (request.url !== '/play/x') next();
  else response.setHeader('Content-Type', 'text/html').end('<!doctype html>');
};

describe('pages of a server', () => {
  it('are asked for what they have, and for nothing of the program itself', async () => {
    const serve = await TestServe.start({ pages });
    const page = await fetch(`${serve.url}/play/x`);
    expect([page.status, await page.text()]).to.deep.equal([200, '<!doctype html>']);
    expect(page.headers.get('content-security-policy')).to.contain("default-src 'none'");
    expect((await serve.api('GET', '/healthcheck')).body).to.equal('ok');
    expect((await serve.api('GET', '/play/y')).status).to.equal(404);
    await serve.member('/out/x');
  });

  it('are let in by the same rules as all else', async () => {
    const serve = await TestServe.start({ pages, secret: null });
    const { status } = await fetch(`${serve.url}/play/x`, { headers: { Origin: 'https://elsewhere.example' } });
    expect(status).to.equal(403);
  });

  it('are shown in no frame, unless VW_SERVE_EMBED says where', async () => {
    const headers = async (embedders: string[]) => {
      const serve = await TestServe.start({ pages, embedders });
      const page = await fetch(`${serve.url}/play/x`);
      return [page.headers.get('content-security-policy'), page.headers.get('x-frame-options')];
    };
    const [policy, options] = await headers([]);
    expect(policy).to.contain("frame-ancestors 'none'");
    expect(options).to.equal('DENY');
    const [open, none] = await headers(['https://lab.example', 'https://school.example']);
    expect(open).to.contain('frame-ancestors https://lab.example https://school.example');
    expect(none).to.equal(null);
  });
});

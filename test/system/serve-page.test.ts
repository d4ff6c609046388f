// The whole way: real ffmpeg → vw stream → vw serve → a real browser, through what happens on the way.

import { expect } from 'chai';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { Camera } from '../support/media/camera.js';
import type { Fault } from '../../src/relay/events/event.js';
import { servePages } from '../../src/web/server/serve-pages.js';
import { SECRET, TestServe } from '../support/relay/serve.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

interface ServeTopic {
  readonly fault: Fault | null;
  readonly muted: string | null;
  readonly packets: number;
}

interface ServeStats {
  readonly topics: Readonly<Record<string, ServeTopic>>;
}

const STREAM = 'stream/front';
const both = { stream: STREAM, feeds: ['video0', 'audio0'] };

async function endpoint(secret: string | null): Promise<TestServe> {
  const pages = servePages({ wantsToken: secret !== null, embedders: [] });
  return TestServe.start({ pages, ...(secret === null ? { secret } : {}) });
}

for (const [video, audio] of [
  ['mpeg1video', 'mp2'],
  ['h264', 'aac'],
] as const) {
  describe(`a browser at an endpoint of ours: ${video} and ${audio}`, function () {
    this.timeout(60_000);

    it('plays picture and sound, through a mute, a swapped link and a restarted ffmpeg', async () => {
      const [vw, serve] = [await TestRelay.start(), await endpoint(null)];
      let camera = Camera.picture(video, `${vw.url}/ts/video0`);
      Camera.sound(audio, `${vw.url}/ts/audio0`);
      await vw.api('POST', '/api/streams', both);
      await vw.connect(STREAM, `ws://127.0.0.1:${serve.port}/in/front`);
      const browser = await openBrowser();
      const front = await browser.newPage();
      await front.goto(`${serve.url}/`);
      await front.waitForSelector('#list .live');
      await front.click('#list a');
      await front.waitForURL(/\/play\/front$/);
      const one = await PlayerPage.open(browser, `${serve.url}/play/front`);
      await one.isIn('playing');
      await one.page.click('#sound');
      await until('sound is decoded', async () => (await one.decodedSound()) > 2000);
      await one.watchForBlack();
      await vw.api('PUT', '/api/mutes/all', { tracks: 'audio' });
      await one.moves(40);
      await vw.api('DELETE', '/api/mutes/all');
      const silent = await one.decodedSound();
      await until('sound is back', async () => (await one.decodedSound()) > silent + 2000);
      // The board is told to use the same server again, with another link: the newest publisher takes over.
      await vw.api('POST', '/api/destinations', {
        id: '0',
        stream: STREAM,
        destination: `ws://localhost:${serve.port}/in/front`,
      });
      await until('it is swapped', () => vw.link().url.includes('localhost') && vw.link().state === 'open');
      await one.moves(40);
      expect(await one.blackFrames()).to.equal(0);
      await camera.stop();
      camera = Camera.picture(video, `${vw.url}/ts/video0`);
      await one.moves(40);
      await one.says('lost', /^0 lost$/);
      expect(await one.violations()).to.deep.equal([]);
    });
  });
}

describe('a browser at an endpoint of ours', function () {
  this.timeout(60_000);

  it('reads in the words of its stats that the picture has stopped, and that the sound has', async () => {
    const [vw, serve] = [await TestRelay.start(), await endpoint(null)];
    const camera = Camera.picture('h264', `${vw.url}/ts/video0`);
    const microphone = Camera.sound('aac', `${vw.url}/ts/audio0`);
    await vw.api('POST', '/api/streams', both);
    await vw.connect(STREAM, `ws://127.0.0.1:${serve.port}/in/front`);
    const one = await PlayerPage.open(await openBrowser(), `${serve.url}/play/front`);
    await one.isIn('playing');
    const fault = async () => ((await serve.api('GET', '/api/stats')).body as ServeStats).topics.front!.fault;
    const saysIt = async (missing: string) => {
      await until(`the stats say that no ${missing} comes`, async () => {
        const { code, message } = (await fault()) ?? { code: '', message: '' };
        // Twice 5 s where the usual gap is not known yet.
        return code === 'track-stopped' && new RegExp(`no ${missing} for \\d+ s`).test(message);
      });
      const { message } = (await fault())!;
      await until('the page says it, too', async () => (await one.page.innerText('#status')).includes(message));
    };
    camera.hang();
    await saysIt('picture');
    await one.isIn('frozen');
    camera.goOn();
    await one.isIn('playing');
    await one.says('status', /^$/);
    microphone.hang();
    await saysIt('sound');
    await one.isIn('playing');
  });
});

describe('a mute of everything, at an endpoint of ours', function () {
  this.timeout(60_000);

  it('is what the page says, and the stats, however long it lasts; also to who comes then', async () => {
    const [vw, serve] = [await TestRelay.start(), await endpoint(null)];
    Camera.picture('h264', `${vw.url}/ts/video0`);
    Camera.sound('aac', `${vw.url}/ts/audio0`);
    await vw.api('POST', '/api/streams', both);
    await vw.connect(STREAM, `ws://127.0.0.1:${serve.port}/in/front`);
    const browser = await openBrowser();
    const one = await PlayerPage.open(browser, `${serve.url}/play/front`);
    await one.isIn('playing');
    const topic = async () => ((await serve.api('GET', '/api/stats')).body as ServeStats).topics.front!;
    await vw.api('PUT', '/api/mutes/all', { tracks: 'all' });
    await one.says('status', /^Picture and sound are muted by the host\.$/);
    const { packets } = await topic();
    // PAT and PMT, each eleven times a second.
    await until('the tables have gone on for 5 s', async () => (await topic()).packets > packets + 110, 20_000);
    expect(await topic()).to.include({ fault: null, muted: 'all' });
    await one.says('status', /^Picture and sound are muted by the host\.$/);
    const pictures = async (page: PlayerPage) => page.page.locator('#stage video, #stage canvas').count();
    expect([await pictures(one), await one.page.isVisible('#frozen')], 'the last picture').to.deep.equal([0, false]);
    const late = await PlayerPage.open(browser, `${serve.url}/play/front`);
    await late.says('status', /^Picture and sound are muted by the host\.$/);
    await vw.api('DELETE', '/api/mutes/all');
    for (const page of [late, one]) {
      await page.isIn('playing');
      await page.says('status', /^$/);
      await page.moves(10);
    }
    expect(await topic()).to.include({ fault: null, muted: null });
  });
});

describe('the pages of an endpoint with tokens', function () {
  this.timeout(60_000);

  it('ask for one, list what it is for, and play that', async () => {
    const [vw, serve] = [await TestRelay.start(), await endpoint(SECRET)];
    Camera.picture('mpeg1video', `${vw.url}/ts/video0`);
    const token = serve.token('front', ['write']);
    const rule = { id: '0', stream: 'video0', destination: `ws://127.0.0.1:${serve.port}/in/front`, token };
    await vw.api('POST', '/api/destinations', rule);
    await until('it is let in', () => vw.link().state === 'open');
    const browser = await openBrowser();
    const front = await browser.newPage();
    await front.goto(`${serve.url}/`);
    await front.fill('#token', 'nonsense');
    await front.click('#ask button');
    await front.waitForFunction(`document.querySelector('#status').textContent.startsWith('Access refused')`);
    expect(await front.textContent('#status')).to.equal(
      'Access refused: this is not a token. Paste the whole token; if it is complete, ask the operator of this server for another.',
    );
    await front.fill('#token', serve.token('front', ['read']));
    await front.click('#ask button');
    await front.waitForSelector('#list .live');
    const href = await front.getAttribute('#list a', 'href');
    const one = await PlayerPage.open(browser, `${serve.url}${href}`);
    await one.isIn('playing');
    await one.moves(10);
    const stranger = await PlayerPage.open(browser, `${serve.url}/play/front#token=${serve.token('other', ['read'])}`);
    await stranger.isIn('refused');
    expect(await one.violations()).to.deep.equal([]);
  });
});

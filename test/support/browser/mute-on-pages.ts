// A mute on the pages of a board and on those of a relay server that has its stream, from the first to the last.

import { expect } from 'chai';
import { servePages } from '../../../src/web/server/serve-pages.js';
import { openBrowser, PlayerPage } from './browser.js';
import { Camera } from '../media/camera.js';
import { Program } from '../programs/program.js';
import { TestServe } from '../relay/serve.js';
import { until } from '../wait.js';

const ALL_MUTED = /^Picture and sound are muted by the host\.$/;
const SOUND_MUTED = /^The sound is muted by the host\.$/;
const PICTURES = '#stage video, #stage canvas';

/** Plays a camera with these codecs on pages of both, mutes its sound, then all, and unmutes: pages say so and play on. */
export async function muteOnPages(video: 'mpeg1video' | 'h264', audio: 'mp2' | 'aac'): Promise<void> {
  const pages = servePages({ wantsToken: false, embedders: [] });
  const [vw, serve] = [await Program.stream(), await TestServe.start({ pages, secret: null, isOpen: true })];
  Camera.picture(video, `${vw.url}/ts/video0`);
  Camera.sound(audio, `${vw.url}/ts/audio0`);
  for (const [name, feeds] of Object.entries({ front: ['video0', 'audio0'], sound: ['audio0'] })) {
    await vw.api('POST', '/api/streams', { stream: `stream/${name}`, feeds });
    const destination = `${serve.audience}/in/${name}`;
    await vw.api('POST', '/api/destinations', { id: name, stream: `stream/${name}`, destination });
  }
  const browser = await openBrowser();
  const open = (name: string) =>
    Promise.all([
      PlayerPage.open(browser, `${vw.url}/play/stream/${name}`),
      PlayerPage.open(browser, `${serve.url}/play/${name}`),
    ]);
  const front = await open('front');
  const sound = video === 'h264' ? await open('sound') : []; // the same page, whatever the codec
  for (const page of [...front, ...sound]) await page.isIn('playing', 30_000);
  const lists = await Promise.all([browser.newPage(), browser.newPage()]);
  const listsSay = async (state: RegExp) => {
    await lists[0].goto(`${vw.url}/`);
    await lists[1].goto(`${serve.url}/`);
    for (const page of lists) {
      const states = () => page.locator('li:has-text("front") span, li:has-text("sound") span').allInnerTexts();
      await until(`${page.url()} says ${String(state)}`, async () => {
        const found = await states();
        return found.length > 1 && found.every((text) => state.test(text));
      });
    }
  };
  await listsSay(/^live( · |$)/);

  await vw.api('PUT', '/api/mutes/all', { tracks: 'audio' });
  for (const page of [...front, ...sound]) await page.says('status', SOUND_MUTED);
  for (const page of front) await page.moves(10);
  await listsSay(/^live, sound muted/);

  await vw.api('PUT', '/api/mutes/all', { tracks: 'all' });
  for (const page of [...front, ...sound]) await page.says('status', ALL_MUTED);
  for (const { page } of front) {
    expect(await page.locator(PICTURES).count(), 'the last picture').to.equal(0);
    expect(await page.isVisible('#frozen')).to.be.false;
  }
  await listsSay(/^muted/);
  const late = await open('front');
  for (const page of late) await page.says('status', ALL_MUTED);

  await vw.api('DELETE', '/api/mutes/all');
  for (const page of [...front, ...sound, ...late]) {
    await page.isIn('playing');
    await page.says('status', /^$/);
    expect(await page.violations()).to.deep.equal([]);
    expect(page.complaints).to.deep.equal([]);
  }
  for (const page of [...front, ...late]) await page.moves(5);
  await listsSay(/^live( · |$)/);
}

// The page that plays, in a real browser, fed by real ffmpeg through the relay.

import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { RelayStats } from '../../src/relay/relay.js';
import { capture } from '../support/media/captures.js';
import { inNalUnits } from '../support/mpegts/nal-units.js';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { Camera } from '../support/media/camera.js';
import { afterTest } from '../support/cleanup.js';
import { damagedLine } from '../support/media/damage.js';
import { Program } from '../support/programs/program.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const STREAM = 'stream/front';
const both = { stream: STREAM, feeds: ['video0', 'audio0'] };
const muted = { stream: STREAM, feeds: ['video0'] };

const WITHOUT_WORKERS = `Object.defineProperty(MediaSource, 'canConstructInDedicatedWorker', { value: false })`;

/** Waits until more sound is decoded than was waiting to be. */
async function soundIsHeard(one: PlayerPage): Promise<void> {
  const before = await one.decodedSound();
  await until('sound is decoded', async () => (await one.decodedSound()) > before + 2000);
}

for (const [video, audio, engine, names] of [
  ['mpeg1video', 'mp2', 'jsmpeg', /^MPEG-1 \+ MPEG audio$/],
  ['h264', 'aac', 'mpegts.js', /^H\.264 \+ AAC$/],
] as const) {
  describe(`the player of ${video} and ${audio}`, function () {
    this.timeout(60_000);
    let vw: Program;
    let one: PlayerPage;
    let camera: Camera;
    let microphone: Camera;

    beforeEach(async () => {
      vw = await Program.stream();
      camera = Camera.picture(video, `${vw.url}/ts/video0`);
      microphone = Camera.sound(audio, `${vw.url}/ts/audio0`);
      await vw.api('POST', '/api/streams', both);
      await until('both feeds are up', async () => {
        const { feeds } = (await vw.api('GET', '/api/stats')).body as RelayStats;
        return [feeds.video0, feeds.audio0].every((feed) => (feed?.packets ?? 0) > 0);
      });
      one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${STREAM}`);
      await one.isIn('playing');
    });

    afterEach(async () => {
      expect(await one.violations()).to.deep.equal([]);
      // A server that is away refuses the WebSocket, and what the page asks of it meanwhile.
      const isAway = /WebSocket connection|ERR_CONNECTION_REFUSED/;
      expect(one.complaints.filter((text) => !isAway.test(text))).to.deep.equal([]);
    });

    it('shows a picture that moves, names what it plays, and is silent until the button is pressed', async () => {
      await one.moves(20);
      await one.says('tracks', names);
      await one.says('bitrate', /^[1-9]\d* kbit\/s$|^\d\.\d Mbit\/s$/);
      await one.says('lost', /^0 lost$/);
      expect(await one.page.getAttribute('#player', 'data-engine')).to.equal(engine);
      expect(await one.decodedSound()).to.equal(0);
      await one.page.click('#sound');
      await soundIsHeard(one);
      await one.moves(20);
      await one.page.click('#sound');
      await one.says('sound-label', /^Unmute$/);
      const players = `[...document.querySelectorAll('#speaker video')].filter((video) => video.src || video.srcObject)`;
      expect(await one.page.evaluate(`${players}.length`), 'players of sound that is off').to.equal(0);
      await one.moves(20);
    });

    it('goes on when the sound is muted and unmuted, and nobody sees black', async () => {
      await one.page.click('#sound');
      await soundIsHeard(one);
      await one.watchForBlack();
      for (let round = 0; round < 2; round++) {
        await vw.api('POST', '/api/streams', muted);
        await one.says('tracks', new RegExp(`^${names.source.slice(1).split(' ')[0]!}$`));
        await one.moves(40);
        await vw.api('POST', '/api/streams', both);
        await one.says('tracks', names);
        await one.moves(40);
        await soundIsHeard(one);
      }
      expect(await one.blackFrames()).to.equal(0);
      await one.says('lost', /^0 lost$/);
    });

    it('goes on when a microphone dies that the table still lists', async () => {
      await one.page.click('#sound');
      await soundIsHeard(one);
      await one.watchForBlack();
      await microphone.stop();
      await one.moves(60);
      Camera.sound(audio, `${vw.url}/ts/audio0`);
      await soundIsHeard(one);
      await one.moves(20);
      expect(await one.blackFrames()).to.equal(0);
    });

    it('marks a picture that hangs as frozen, and its sound goes on; whoever comes then reads it, too', async () => {
      await one.page.click('#sound');
      await soundIsHeard(one);
      await one.watchForBlack();
      camera.hang();
      await one.isIn('frozen');
      await one.says('frozen', /^Frozen for \d+ s$/);
      const message = async () => (await vw.stats()).streams[STREAM]!.fault?.message ?? '';
      await until('stats say that the camera is silent', async () => (await message()).includes('has sent nothing'));
      await until('the page says the same', async () => {
        return (await one.page.innerText('#status')).includes(await message());
      });
      const elements = await one.page.locator('video, canvas').count();
      for (let i = 0; i < 3; i++) await soundIsHeard(one);
      expect(await one.page.locator('video, canvas').count(), 'players').to.equal(elements);
      const late = await PlayerPage.open(one.page.context(), `${vw.url}/play/${STREAM}`);
      await late.isIn('frozen');
      expect(await late.page.evaluate<string[]>('witness.states')).not.to.include('playing');
      await late.page.click('#sound');
      await soundIsHeard(late);
      await late.page.close();
      camera.goOn();
      await one.isIn('playing');
      await one.moves(20);
      expect(await one.blackFrames()).to.equal(0);
    });

    it('shows the same picture on when sound comes to it', async () => {
      await vw.api('POST', '/api/streams', muted);
      await one.says('tracks', /^[^+]+$/);
      await one.page.click('#sound');
      await one.page.evaluate(`window.picture = document.querySelector('#stage > :last-child')`);
      await vw.api('POST', '/api/streams', both);
      await soundIsHeard(one);
      await one.moves(20);
      expect(await one.page.evaluate(`window.picture === document.querySelector('#stage > :last-child')`)).to.be.true;
    });

    it('keeps the last picture while ffmpeg is away, says so, and goes on by itself', async () => {
      await one.moves(5);
      await one.watchForBlack();
      await camera.stop();
      await microphone.stop();
      await one.isIn('away');
      Camera.picture(video, `${vw.url}/ts/video0`);
      Camera.sound(audio, `${vw.url}/ts/audio0`);
      await one.isIn('playing');
      await one.moves(20);
      expect(await one.blackFrames()).to.equal(0);
    });

    it('connects again when the server is back, and says so meanwhile', async () => {
      await one.moves(5);
      await one.watchForBlack();
      vw.child.kill('SIGKILL');
      await vw.exit();
      await one.isIn('lost');
      await one.says('status', /lost; waiting for the server to answer/);
      vw = await Program.stream({ VW_PORT: String(vw.port) });
      await vw.api('POST', '/api/streams', both);
      Camera.picture(video, `${vw.url}/ts/video0`);
      Camera.sound(audio, `${vw.url}/ts/audio0`);
      await one.isIn('playing');
      await one.moves(20);
      expect(await one.blackFrames()).to.equal(0);
    });

    it('plays a feed without a stream, through a restart of its ffmpeg with another size of picture', async () => {
      await one.page.goto(`${vw.url}/play/video0`);
      await one.isIn('playing');
      await one.moves(10);
      await one.watchForBlack();
      await camera.stop();
      Camera.picture(video, `${vw.url}/ts/video0`, '480x272');
      const width = 'document.querySelector("#stage > :last-child")';
      await until('the new size is seen', async () => {
        return (await one.page.evaluate<number>(`${width}.videoWidth ?? ${width}.width`)) === 480;
      });
      await one.moves(20);
      expect(await one.blackFrames()).to.equal(0);
    });
  });
}

describe('the player', function () {
  this.timeout(60_000);

  for (const [video, audio, plays] of [
    ['h264', 'mp2', /^H\.264 \+ MPEG audio$/],
    ['mpeg1video', 'aac', /^MPEG-1 \+ AAC$/],
  ] as const) {
    it(`plays ${video} beside ${audio}`, async () => {
      const vw = await Program.stream();
      Camera.picture(video, `${vw.url}/ts/video0`);
      Camera.sound(audio, `${vw.url}/ts/audio0`);
      await vw.api('POST', '/api/streams', both);
      const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${STREAM}`);
      await one.isIn('playing');
      await one.page.click('#sound');
      await one.moves(50);
      await soundIsHeard(one);
      await one.says('tracks', plays);
    });
  }

  it('plays a picture every second beside sound that comes a second at a time', async () => {
    const vw = await Program.stream();
    Camera.seldom('1', `${vw.url}/ts/video0`);
    Camera.sparseSound('aac', `${vw.url}/ts/audio0`);
    await vw.api('POST', '/api/streams', both);
    const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${STREAM}`);
    await one.isIn('playing');
    await one.page.click('#sound');
    await soundIsHeard(one);
    await one.moves(5);
    await soundIsHeard(one);
    await one.isIn('playing');
  });

  it('says what is the matter in the words of the stats: no source, no MPEG-TS, no sound, a mute', async () => {
    const vw = await Program.stream();
    Camera.picture('mpeg1video', `${vw.url}/ts/video0`);
    await vw.api('POST', '/api/streams', both);
    const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${STREAM}`);
    const saysFaultOf = async (fault: (stats: RelayStats) => { message: string } | null | undefined) => {
      await until('the page says what the stats say', async () => {
        const message = fault(await vw.stats())?.message;
        return message !== undefined && (await one.page.innerText('#status')).includes(message);
      });
    };
    await saysFaultOf(({ streams }) => streams[STREAM]!.fault);
    await one.isIn('playing');
    Camera.sound('mp2', `${vw.url}/ts/audio0`);
    await one.says('status', /^$/);
    await vw.api('PUT', '/api/mutes/all', { tracks: 'audio' });
    await one.says('status', /muted by the host/);
    await one.page.goto(`${vw.url}/play/nobody`);
    await saysFaultOf(({ feeds }) => feeds.nobody?.fault);
    Camera.noise(`${vw.url}/ts/nobody`);
    await until('it is no MPEG-TS', async () => (await vw.stats()).feeds.nobody!.fault?.code === 'no-tables');
    await saysFaultOf(({ feeds }) => feeds.nobody!.fault);
  });

  it('plays on, and live, while its page stands still', async () => {
    const vw = await Program.stream();
    Camera.picture('h264', `${vw.url}/ts/video0`);
    Camera.sound('aac', `${vw.url}/ts/audio0`);
    await vw.api('POST', '/api/streams', both);
    const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${STREAM}`);
    await one.isIn('playing');
    await one.page.click('#sound');
    await soundIsHeard(one);
    const { pictures, sound } = await one.page.evaluate<{ pictures: number; sound: number }>(`(() => {
      const picture = document.querySelector('#stage > :last-child');
      const shown = () => picture.getVideoPlaybackQuality().totalVideoFrames;
      const before = { pictures: shown(), sound: witness.decodedSound() };
      for (const until = performance.now() + 3000; performance.now() < until;);
      return { pictures: shown() - before.pictures, sound: witness.decodedSound() - before.sound };
    })()`);
    expect(pictures, 'pictures of 75').to.be.above(50);
    expect(sound, 'bytes of sound').to.be.above(15_000);
    await one.moves(20);
    await one.says('delay', /^delay 0\.[0-4]\d s$/);
    await one.says('lost', /^0 lost$/);
  });

  for (const [what, without] of [
    ['has no Media Source Extensions in workers', (one: Page) => one.addInitScript(WITHOUT_WORKERS)],
    ['cannot load its worker', (one: Page) => one.route('**/player-worker.js', (route) => route.abort())],
  ] as const) {
    it(`plays where the browser ${what}`, async () => {
      const vw = await Program.stream();
      Camera.picture('h264', `${vw.url}/ts/video0`);
      Camera.sound('aac', `${vw.url}/ts/audio0`);
      await vw.api('POST', '/api/streams', both);
      const page = await (await openBrowser()).newPage();
      await without(page);
      await page.goto(`${vw.url}/play/${STREAM}`);
      await page.waitForSelector('#player[data-state="playing"]');
      await page.click('#sound');
      expect(await page.evaluate('witness.countPictures(40, 15_000)')).to.equal(40);
      await until('sound is decoded', async () => (await page.evaluate<number>('witness.decodedSound()')) > 2000);
      expect(await page.evaluate('witness.violations')).to.deep.equal([]);
    });
  }

  for (const [what, damage] of [
    // adaptation_field_control = '11', adaptation_field_length = 200 (§2.4.3.4)
    ['a length that reaches beyond its packet', (packet) => packet.writeUInt16BE(((packet[3]! | 0x30) << 8) | 200, 3)],
    // The next NAL unit (filler data) begins behind profile and level.
    [
      'an SPS that ends too early',
      (packet) => packet.write('000000010c', packet.indexOf('0000000167', 'hex') + 8, 'hex'),
    ],
  ] satisfies [string, (packet: Buffer) => void][]) {
    it(`plays on through ${what}`, async () => {
      const vw = await Program.stream();
      let left = 0;
      const line = await damagedLine(vw.url, (packet) => {
        if (left === 0 || !packet.includes('0000000167', 'hex')) return; // a keyframe
        left--;
        damage(packet);
      });
      Camera.picture('h264', `${line}/ts/video0`);
      const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/video0`);
      await one.isIn('playing');
      left = 2;
      await until('it is damaged', () => left === 0);
      await one.moves(50);
      expect(one.page.workers().length, 'workers').to.equal(1);
      expect(one.complaints).to.deep.equal([]);
    });
  }

  it('plays on between keyframes that are ten seconds apart', async () => {
    const vw = await Program.stream();
    Camera.seldomKey(`${vw.url}/ts/video0`);
    const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/video0`);
    await one.isIn('playing');
    await one.page.evaluate(`window.picture = document.querySelector('#stage > :last-child')`);
    for (let i = 0; i < 22; i++) await one.moves(10, 2000); // what was played is forgotten after four seconds
    expect(await one.page.evaluate(`window.picture === document.querySelector('#stage > :last-child')`)).to.be.true;
  });

  it('plays pictures of which each NAL unit has a PES packet of its own', async () => {
    const vw = await Program.stream();
    const browser = await openBrowser();
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=20', '-pix_fmt', 'yuv420p', '-threads', '1'];
    const whole = capture(...source, '-c:v', 'libx264', ...'-preset ultrafast -g 25 -slices 2'.split(' '));
    for (const areAllStamped of [true, false]) {
      const pictures = inNalUnits(whole, 0x1b, { areAllStamped, areBounded: !areAllStamped });
      const name = `stamped-${areAllStamped}`;
      const body = RawUpload.begin(vw.port, name);
      const timer = setInterval(() => body.chunk(pictures.shift()!), 40);
      afterTest(() => clearInterval(timer));
      await vw.api('POST', '/api/streams', { stream: STREAM, feeds: [name] });
      const one = await PlayerPage.open(browser, `${vw.url}/play/${STREAM}`);
      await one.isIn('playing');
      await one.moves(40);
      expect(one.complaints).to.deep.equal([]);
      clearInterval(timer);
      await one.page.close();
    }
  });

  it('says in plain words what a browser cannot play, and plays the rest', async () => {
    const vw = await Program.stream();
    for (const [video, audio, id, message] of [
      ['hevc', 'aac', 'unplayable', /^This browser cannot play H\.265 pictures \(.*H\.264.*The sound goes on\.$/],
      ['h264', 'ac3', 'playing', /^This browser cannot play AC-3 sound \(.*AAC/],
    ] as const) {
      const camera = Camera.picture(video, `${vw.url}/ts/video0`);
      const microphone = Camera.sound(audio, `${vw.url}/ts/audio0`);
      await vw.api('POST', '/api/streams', both);
      const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${STREAM}`);
      await one.page.click('#sound');
      await one.says('status', message);
      await one.isIn(id);
      if (audio === 'aac') await soundIsHeard(one);
      else await one.moves(20);
      expect(one.complaints).to.deep.equal([]);
      await Promise.all([camera.stop(), microphone.stop()]);
    }
  });

  it('plays sound alone', async () => {
    const vw = await Program.stream();
    for (const codec of ['mp2', 'aac'] as const) {
      Camera.sound(codec, `${vw.url}/ts/${codec}`);
      const one = await PlayerPage.open(await openBrowser(), `${vw.url}/play/${codec}`);
      await one.isIn('playing');
      await one.page.waitForSelector('#figures:visible');
      await one.page.click('#sound');
      await soundIsHeard(one);
      await vw.api('PUT', `/api/mutes/${codec}`, { tracks: 'audio' });
      await one.says('status', /^The sound is muted by the host\.$/);
    }
  });
});

// README and the documents from their first command to their last, in their order, on one machine, as a newcomer types them,
// with a real browser for README's pages.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { certificateFor } from '../support/relay/certificates.js';
import { openBrowser, PlayerPage } from '../support/browser/browser.js';
import { commandsIn, DOCUMENTS, run } from '../support/programs/documents.js';
import { LEFT_OUT, Newcomer } from '../support/programs/newcomer.js';
import { until } from '../support/wait.js';
import { freePort } from '../support/programs/command.js';

const WAIT_MS = 20_000;

/** The packets of a file up to the last picture that is whole: it was cut off. */
function wholePictures(bytes: Buffer): Buffer {
  const pidOf = (at: number) => bytes.readUInt16BE(at + 1) & 0x1fff;
  const counts = new Map<number, number>();
  for (let at = 0; at + 188 <= bytes.length; at += 188) counts.set(pidOf(at), (counts.get(pidOf(at)) ?? 0) + 1);
  const [picture] = [...counts].sort(([, a], [, b]) => b - a)[0]!;
  let end = 0;
  for (let at = 0; at + 188 <= bytes.length; at += 188) {
    if (pidOf(at) === picture && (bytes[at + 1]! & 0x40) !== 0) end = at;
  }
  return bytes.subarray(0, end);
}

/** What a relay server sends to its viewers decodes without an error, and has these codecs. */
async function expectPictures(newcomer: Newcomer, url: string, codecs: readonly string[]): Promise<void> {
  const watch = newcomer.machine.start(`node scripts/watch.mjs ${url}`);
  await until(`pictures come from ${url}`, () => watch.output.length > 300_000, WAIT_MS);
  await watch.end();
  const file = join(newcomer.folder, 'watched.ts');
  writeFileSync(file, wholePictures(Buffer.from(watch.output, 'latin1')));
  const decoded = await run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framecrc', '-']);
  expect(decoded.stderr, `${url} decodes without an error`).to.equal('');
  expect(decoded.stdout.split('\n').length, `pictures from ${url}`).to.be.above(10);
  const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', file]);
  expect(probe.stdout.split('\n')).to.include.members([...codecs]);
}

/** README: a picture of one's own in a browser, sound, a mute and a swap. */
async function followReadme(newcomer: Newcomer): Promise<void> {
  const browser = await openBrowser();
  const plays = async (address: string) => {
    const player = await PlayerPage.open(browser, newcomer.machine.here(address));
    await player.isIn('playing');
    await player.moves();
    return player;
  };
  expect(commandsIn('README.md', '**1. Start the relay.**', '### Mute')[0]).to.equal('npm ci && npm start');
  await newcomer.startRelay();
  let onBoard: PlayerPage | null = null;
  let atServer: PlayerPage | null = null;
  await newcomer.typeAll('README.md', '## Your own camera', '## Node.js on a Raspberry Pi', [
    [/scripts\/camera/, async () => (await plays('http://127.0.0.1:8888/play/video0')).page.close()],
    [/api\/streams$/, async () => (onBoard = await plays('http://127.0.0.1:8888/play/stream/front'))],
    [/8889\/in\/front/, async () => (atServer = await plays('http://127.0.0.1:8889/play/front'))],
    [/PUT .*mutes\/all/, async () => onBoard!.says('status', /^The sound is muted by the host\.$/)],
    [/DELETE .*mutes\/all/, async () => onBoard!.says('status', /^$/)],
    [/8890\/in\/front/, async () => (await plays('http://127.0.0.1:8890/play/front')).page.close()],
  ]);
  await newcomer.linkIsOpen('0', 'ws://127.0.0.1:8890/in/front');
  await expectPictures(newcomer, newcomer.machine.here('ws://127.0.0.1:8890/out/front'), ['mpeg1video', 'mp2']);
  await atServer!.says('frozen', /^Frozen for/);
  await browser.close();
}

/** relay-server.md: first on this machine, then on one with a public name and a certificate that stands for Let's Encrypt's. */
async function followRelayServer(newcomer: Newcomer): Promise<void> {
  const { machine, folder } = newcomer;
  const document = 'docs/relay-server.md';
  await newcomer.endUploads();
  await newcomer.typeAll(document, undefined, '## On a public machine');
  await newcomer.linkIsOpen('0', 'ws://127.0.0.1:8889/in/video0');
  const topics = await machine.type('curl http://127.0.0.1:8889/api/topics');
  expect(topics.stdout).to.include('video0');

  const port = await freePort();
  const pair = await certificateFor(['127.0.0.1']);
  const live = join(folder, `etc/letsencrypt/live/127.0.0.1:${port}`);
  mkdirSync(live, { recursive: true });
  writeFileSync(join(folder, 'fullchain.pem'), pair.cert);
  writeFileSync(join(folder, 'privkey.pem'), pair.key);
  machine.stand('certbot', `cp ${folder}/fullchain.pem ${folder}/privkey.pem ${live}`);
  machine.names.push(['relay.example.org', `127.0.0.1:${port}`], ['PORT=443', `PORT=${port}`]);
  const startUnit = async () => {
    const unit = readFileSync(join(folder, 'etc/systemd/system/vw-serve.service'), 'utf8');
    const command = /^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit)![1]!;
    const lines = readFileSync(join(folder, 'etc/default/vw-serve'), 'utf8').trim().split('\n');
    await newcomer.listen(command, Object.fromEntries(lines.map((each) => each.split('=', 2))) as NodeJS.ProcessEnv);
  };
  await newcomer.typeAll(document, '## On a public machine', undefined, [
    [/enable --now vw-serve/, startUnit],
    [/"destination":"wss:\/\/relay/, () => newcomer.linkIsOpen('0', 'wss://relay.example.org/in/video0')],
    [/"https:\/\/relay.*\/session\//, () => newcomer.linkIsOpen('0', 'https://relay.example.org/session/video0')],
  ]);
}

describe('README and the documents', () => {
  it('do what they say, in their order, on one machine', async () => {
    const newcomer = await Newcomer.start();
    await followReadme(newcomer);
    await newcomer.typeAll('docs/rules.md', undefined, undefined, [
      [/8889\/in\/large/, () => newcomer.linkIsOpen('1', 'ws://127.0.0.1:8889/in/large')],
      [/8890\/in\/large/, () => newcomer.linkIsOpen('1', 'ws://127.0.0.1:8890/in/large')],
    ]);
    const { streams, destinations } = await newcomer.stats();
    expect([streams, destinations], 'what rules.md leaves behind').to.deep.equal([{}, {}]);
    await newcomer.typeAll('docs/devices-and-players.md', undefined, undefined, [
      [/9001\/in\/video0/, () => newcomer.linkIsOpen('test', 'ws://127.0.0.1:9001/in/video0')],
    ]);
    await followRelayServer(newcomer);
    copyFileSync('scripts/vw.service', join(newcomer.folder, 'etc/systemd/system/vw.service')); // its line is left out with npm's
    await newcomer.typeAll('docs/install.md');
    await newcomer.typeAll('docs/monitoring.md');

    const typed = ['README.md', 'rules', 'devices-and-players', 'relay-server', 'install', 'monitoring'];
    const left = DOCUMENTS.filter((name) => !typed.some((one) => name.includes(one))).flatMap((name) =>
      commandsIn(name),
    );
    const untried = left.filter((line) => !line.startsWith('#') && !LEFT_OUT.some(([pattern]) => pattern.test(line)));
    expect(untried, 'commands that no test types').to.deep.equal([]);
    expect(newcomer.done.filter((one) => one.startsWith('curl'))).to.have.lengthOf.at.least(30);
    expect(newcomer.done).to.include.members([
      'bash scripts/camera',
      'ffmpeg -re',
      'bash scripts/microphone',
      'sudo certbot',
    ]);
  }).timeout(300_000);
});

// README from its first command to its last, in its order, on one machine, as a newcomer types it. What a test machine
// lacks is left out here, by name: npm's installation, a camera, a screen, a certificate of Let's Encrypt, systemd.

import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RelayStats } from '../../src/relay/relay.js';
import { certificateFor, testAuthority } from '../support-endpoints/certificates.js';
import { freePort } from '../support-endpoints/programs.js';
import { scratch } from '../support/ffmpeg.js';
import { commandsBetween, Machine, run, type Running } from '../support/readme.js';
import { until } from '../support/wait.js';

const WAIT_MS = 20_000; // for programs that are started beside others

/** What is left out, and why. */
const LEFT_OUT: [pattern: RegExp, why: string][] = [
  [/^ffmpeg -f (v4l2|alsa) |^v4l2-ctl |^ls -l \/dev\/v4l|^bash scripts\/camera \/dev\//, 'a camera, a microphone'],
  [/^ffplay /, 'a screen'],
  [/^some-program /, 'no program of that name'],
  [/npm (ci|run)/, 'the test runs what npm has built'],
  [/^journalctl /, 'no systemd'],
];

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

/** Pictures and codecs of a file; fails where it does not decode without an error. */
async function expectPictures(file: string, codecs: readonly string[]): Promise<void> {
  const whole = `${file}.whole.ts`;
  writeFileSync(whole, wholePictures(readFileSync(file)));
  const decoded = await run('ffmpeg', ['-v', 'error', '-i', whole, '-map', '0:v', '-f', 'framecrc', '-']);
  expect(decoded.stderr, `${file} decodes without an error`).to.equal('');
  expect(decoded.stdout.split('\n').length, `pictures in ${file}`).to.be.above(10);
  const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', whole]);
  expect(probe.stdout.split('\n')).to.include.members([...codecs]);
}

describe('README', () => {
  it('does what it says, in its order, on one machine', async () => {
    const folder = scratch();
    const authority = join(folder, 'authority.pem');
    writeFileSync(authority, (await testAuthority()).cert);
    const machine = new Machine(folder, { NODE_EXTRA_CA_CERTS: authority, VW_PORT: '0', VW_SERVE_PORT: '0' });
    writeFileSync(join(folder, 'curl/.curlrc'), `cacert = ${authority}\n`, { flag: 'a' });
    const done: string[] = [];

    /** Starts one of our servers and waits until it listens; returns host and port. */
    const listen = async (command: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
      const server = machine.start(command, env);
      const url = () => /"url":"https?:\/\/([^"/]+)/.exec(server.output)?.[1];
      await until(`it listens: ${command}`, () => url() !== undefined, WAIT_MS).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${server.output}`);
      });
      return url()!;
    };

    // "Start", but for npm
    expect(commandsBetween('## Start', '## First picture')).to.deep.equal(['npm ci && npm start']);
    const relay = await listen('node dist/cmd/vw.js stream');
    machine.names.push(['127.0.0.1:8888', relay]);
    const stats = async () => (await (await fetch(`http://${relay}/api/stats`)).json()) as RelayStats;
    const feedGrows = async (feed: string) => {
      const before = (await stats()).feeds[feed]?.bytes ?? 0;
      await until(`${feed} grows`, async () => ((await stats()).feeds[feed]?.bytes ?? 0) > before + 20_000, WAIT_MS);
    };

    const files = new Map<string, string>(); // what a stand-in for a relay server writes, by README's port
    const startFarEnd = async (port: string) => {
      const file = join(folder, `${port}.ts`);
      files.set(port, file);
      const said = machine.start(`node scripts/endpoint.mjs 0 > ${file}`);
      const ours = () => /ws:\/\/(127\.0\.0\.1:\d+)\//.exec(said.output)?.[1];
      await until('the relay server listens', ours, WAIT_MS);
      machine.names.push([`127.0.0.1:${port}`, ours()!]);
    };
    const grown = (port: string, bytes: number) =>
      until(`what ${port} got grows`, () => statSync(files.get(port)!).size >= bytes, WAIT_MS);

    const tokens: Record<string, string> = {};
    const uploads: Running[] = [];
    let output = '';
    /** Types one line of README, as a newcomer would, and looks whether it did what README says. */
    const type = async (line: string): Promise<void> => {
      const [endpoint] = /^node scripts\/endpoint\.mjs (\d+) \| ffplay /.exec(line)?.slice(1) ?? [];
      const [upload] = /\/ts\/(\w+)(?:\s+#.*)?$/.exec(line)?.slice(1) ?? [];
      if (LEFT_OUT.some(([pattern]) => pattern.test(line))) return;
      if (line.startsWith('#')) {
        if (/^# [["{]/.test(line)) expect(output.trimEnd()).to.equal(machine.here(line.slice(2)));
        return;
      }
      done.push(line.split(' ', 2).join(' '));
      if (endpoint !== undefined) await startFarEnd(endpoint);
      else if (upload !== undefined && !line.startsWith('curl')) {
        uploads.push(machine.start(line.replace(/^ffmpeg /, 'ffmpeg -nostdin -loglevel error ')));
        await feedGrows(upload);
      } else if (line === 'node dist/cmd/vw.js serve') {
        machine.names.push(['127.0.0.1:8889', await listen(line)]);
      } else if (/^VW_HOST=.* stream$/.test(line)) {
        const url = `https://${await listen(line)}/api/stats`;
        expect((await machine.type(`curl ${url}`)).stdout, 'without the key').to.include('"status":401');
        expect((await machine.type(`curl -u :choose-a-long-one ${url}`)).code, 'with the key').to.equal(0);
      } else if (line.startsWith('curl -N ')) {
        const events = machine.start(line);
        const something = `http://${relay}/api/streams`; // happens, so that there is an event
        await until(
          `events come: ${line}`,
          async () => {
            const body = JSON.stringify({ stream: `stream/${Date.now()}`, feeds: ['video0'] });
            await fetch(something, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
            return /^event: [\w-]+\n/m.test(events.output);
          },
          WAIT_MS,
        );
      } else if (line.startsWith('VW_TOKEN=')) {
        const watch = machine.start(line.replace(/ \| ffplay .*/, '').replace('TOKEN=TOKEN', `TOKEN=${tokens.read}`));
        await until(`packets come: ${line}`, () => watch.output.length > 100_000, WAIT_MS);
        expect(watch.output.charCodeAt(0), watch.output.slice(0, 100)).to.equal(0x47);
      } else {
        const ran = await machine.type(line.replace('"TOKEN"', `"${tokens.write}"`));
        output = ran.stdout;
        expect(ran.code, `${line}\n${ran.stdout}${ran.stderr}`).to.equal(0);
        const scope = /^vw_token .*--scope (\w+)/.exec(line)?.[1];
        if (scope !== undefined) tokens[scope] = output.trim();
        const answer = /\s# (".*")$/.exec(line)?.[1];
        if (answer !== undefined) expect(output.trimEnd()).to.equal(answer);
      }
      if (line.includes('9001/in/video0')) await grown('9001', 150_000);
      if (line.includes('9002/in/front')) await grown('9002', 200_000);
      if (line.includes('9003/in/elsewhere')) await grown('9003', 150_000);
    };
    const typeAll = async (from: string, to: string) => {
      for (const line of commandsBetween(from, to)) await type(line);
    };
    const linkIsOpen = (id: string, to: string) =>
      until(
        `destination ${id} is at ${to}`,
        async () => {
          const { live, pending } = (await stats()).destinations[id]!;
          return live.state === 'open' && live.fault === null && pending === null && live.url === machine.here(to);
        },
        WAIT_MS,
      ).catch(async (error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify((await stats()).destinations[id])}`);
      });

    await startFarEnd('9003'); // which README names in a sentence
    await typeAll('## First picture', '### Every path');
    const { streams, destinations } = await stats();
    expect([streams, destinations], 'what it leaves behind').to.deep.equal([{}, {}]);
    await expectPictures(files.get('9001')!, ['mpeg1video']);
    await expectPictures(files.get('9002')!, ['mpeg1video', 'mp2']);
    await expectPictures(files.get('9003')!, ['mpeg1video']);

    // A second machine, with a public name and a certificate that stands for Let's Encrypt's
    for (const upload of uploads.splice(0)) await upload.end();
    await typeAll('## A relay server of your own', '### On a public machine');
    await linkIsOpen('0', 'ws://127.0.0.1:8889/in/video0');
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
    for (const line of commandsBetween('### On a public machine', '### Who may come in')) {
      await type(line);
      if (!line.includes('enable --now vw-serve')) continue;
      const unit = readFileSync(join(folder, 'etc/systemd/system/vw-serve.service'), 'utf8');
      const command = /^ExecStart=\/usr\/bin\/(.*)$/m.exec(unit)![1]!;
      const lines = readFileSync(join(folder, 'etc/default/vw-serve'), 'utf8').trim().split('\n');
      await listen(command, Object.fromEntries(lines.map((each) => each.split('=', 2))) as NodeJS.ProcessEnv);
    }
    for (const line of commandsBetween('### Who may come in', '### Seeing what it does')) {
      await type(line);
      if (line.includes('"destination":"wss://relay')) await linkIsOpen('0', 'wss://relay.example.org/in/video0');
      if (line.includes('/session/')) await linkIsOpen('0', 'https://relay.example.org/session/video0');
    }

    mkdirSync(join(folder, 'etc/vw'));
    copyFileSync(join(folder, 'fullchain.pem'), join(folder, 'etc/vw/cert.pem'));
    copyFileSync(join(folder, 'privkey.pem'), join(folder, 'etc/vw/key.pem'));
    await typeAll('## On a LAN', '## Stats and log');
    await typeAll('## Stats and log', '## In a terminal');

    // "At boot": rules that were exported are there again after a restart
    machine.env.VW_PORT = relay.split(':')[1];
    await typeAll('## At boot', '## ffmpeg in a container');
    await type('curl -X DELETE http://127.0.0.1:8888/api/destinations/all');
    writeFileSync(join(folder, 'etc/vw/tokens.json'), JSON.stringify({ 0: tokens.write }));
    const atBoot = readFileSync(join(folder, 'etc/vw/rules'), 'utf8')
      .replace('/usr/bin/node', 'node')
      .replace('--wait', `--tokens ${folder}/etc/vw/tokens.json --wait`);
    const ran = await run('sh', ['-e', '-c', atBoot], machine.env);
    expect(ran.code, ran.stderr).to.equal(0);
    await linkIsOpen('0', 'https://relay.example.org/session/video0');

    expect(done.filter((one) => one.startsWith('curl'))).to.have.lengthOf.at.least(20);
    expect(done).to.include.members(['bash scripts/camera', 'ffmpeg -re', 'bash scripts/microphone', 'sudo certbot']);
  }).timeout(180_000);
});

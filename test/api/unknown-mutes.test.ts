// The saved rules are lost, and it is unknown what was muted: no sound leaves until the mutes are set.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { StateFile } from '../../src/state/state-file.js';
import { afterTest } from '../support/cleanup.js';
import { Camera } from '../support/media/camera.js';
import { scratch } from '../support/media/ffmpeg.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

let vw: TestRelay;

async function open(name: string): Promise<{ socket: WebSocket; heard: string[] }> {
  const socket = new WebSocket(vw.ws(name));
  afterTest(() => socket.terminate());
  const heard: string[] = [];
  socket.on('message', (data: Buffer) => heard.push(data.toString('latin1')));
  await once(socket, 'open');
  return { socket, heard };
}

const sound = (feed = 'mic') => vw.relay.stats().feeds[feed]?.withheld.map(({ streamType }) => streamType);

describe('lost rules', () => {
  beforeEach(async () => {
    const path = join(scratch(), 'rules');
    writeFileSync(path, '{"format":"vw ru');
    vw = await TestRelay.start({ state: await StateFile.at(path) });
  });

  it('withhold the sound of every feed, of new ones too, and binary messages', async () => {
    Camera.sound('mp2', `${vw.url}/ts/mic`);
    await until('its sound is withheld', () => sound()?.includes(3));
    const [sender, hearer] = [await open('data0'), await open('data0')];
    sender.socket.send(Buffer.from('binary'));
    sender.socket.send('text');
    await until('the text is heard', () => hearer.heard.includes('text'));
    expect(hearer.heard).to.deep.equal(['text']);
    expect((await vw.api('GET', '/api/mutes/all')).body, 'it is no mute of anybody').to.deep.equal({});
    await vw.api('PUT', '/api/mutes/other');
    expect(vw.relay.stats().feeds.mic?.muted, 'a mute of one feed says nothing of others').to.equal('audio');
  });

  it('are said by the front page, the metrics and the health check', async () => {
    const { body: health } = await vw.api('GET', '/healthcheck');
    expect(health).to.match(/^neither the saved rules nor their previous version can be read/);
    const text = async (path: string) => (await fetch(`${vw.url}${path}`)).text();
    expect(await text('/')).to.include(`<p class="bad" role="alert">Saved rules: ${String(health)}</p>`);
    expect(await text('/metrics')).to.match(/^vw_rules_fault 1$/m);
    await vw.api('DELETE', '/api/mutes/all');
    expect(await text('/')).to.not.include('role="alert"');
    expect(await text('/metrics')).to.match(/^vw_rules_fault 0$/m);
  });

  for (const [method, path] of [
    ['DELETE', '/api/mutes/all'],
    ['DELETE', '/api/mutes/all?feeds=keep'],
  ] as const) {
    it(`are over after ${method} ${path}`, async () => {
      Camera.sound('mp2', `${vw.url}/ts/mic`);
      await until('its sound is withheld', () => sound()?.includes(3));
      expect((await vw.api(method, path)).status).to.equal(200);
      expect(vw.relay.stats().feeds.mic?.muted).to.equal(null);
      expect((await vw.api('GET', '/healthcheck')).body).to.equal('ok');
    });
  }

  it('are over when every feed is muted; that mute ends as usual', async () => {
    Camera.sound('mp2', `${vw.url}/ts/mic`);
    await until('its sound is withheld', () => sound()?.includes(3));
    await vw.api('PUT', '/api/mutes/all');
    expect((await vw.api('GET', '/healthcheck')).body).to.equal('ok');
    expect(vw.relay.stats().feeds.mic?.muted).to.equal('audio');
    await vw.api('DELETE', '/api/mutes/all');
    expect(vw.relay.stats().feeds.mic?.muted).to.equal(null);
  });
});

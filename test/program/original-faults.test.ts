// What the Go original does wrong with single feeds and plain endpoints (relay-facts.md, "What is wrong with it"), each
// row under its number. Each test fails on the old behaviour.

import { expect } from 'chai';
import { TestEndpoint } from '../support/relay/test-endpoint.js';
import { Program } from '../support/programs/program.js';
import { TestRelay } from '../support/relay/relay.js';
import { packet, packets } from '../support/mpegts/ts.js';
import { RawUpload } from '../support/relay/upload.js';
import { pause, until } from '../support/wait.js';

const rule = (destination: string, id = '0', stream = 'video0') => ({ id, stream, destination });
const UNREACHABLE = 'ws://127.0.0.1:9/';

describe('faults of the original', () => {
  let vw: TestRelay;
  beforeEach(async () => {
    vw = await TestRelay.start({ limits: { highWaterBytes: 50_000_000 } }); // source and endpoint share this process's time
  });

  it('2: a destination replaced while the new endpoint takes 300 ms has no gap, and no stale chunk comes first', async () => {
    const [old, fresh] = [await TestEndpoint.start(), await TestEndpoint.start({ delayMs: 300 })];
    await vw.connect('video0', old.url);
    const upload = RawUpload.begin(vw.port, 'video0');
    let count = 0;
    const push = () => {
      const one = packet();
      one.writeUInt32BE(count++, 8);
      upload.chunk(one);
    };
    await until('it flows', () => (push(), old.messages.length > 3));
    await vw.api('POST', '/api/destinations', rule(fresh.url));
    await until('the new one is live', () => (push(), fresh.messages.length > 3));
    await until('all have arrived', () => old.bytes.length + fresh.bytes.length === count * 188);
    expect(fresh.bytes.readUInt32BE(8)).to.equal(old.bytes.length / 188);
  });

  it('3: nothing waits for silence: a source that never pauses is sent on as it comes', async () => {
    const endpoint = await TestEndpoint.start();
    await vw.connect('video0', endpoint.url);
    const upload = RawUpload.begin(vw.port, 'video0', 'length');
    let sent = 0;
    let more = true;
    const pump = () => {
      while (more && upload.socket.write(packets(100))) sent++;
      if (more) sent++;
    };
    upload.socket.on('drain', pump);
    pump();
    await until('much has arrived while the source goes on', () => endpoint.bytes.length > 5_000_000);
    more = false;
    await until('all has arrived', () => endpoint.bytes.length === sent * 18_800);
    expect(vw.link().droppedMessages).to.equal(0);
  });

  it('4: messages are aligned to packets at 6 Mbit/s, however the source cuts them', async () => {
    const endpoint = await TestEndpoint.start();
    await vw.connect('video0', endpoint.url);
    const upload = RawUpload.begin(vw.port, 'video0');
    const bytes = packets(2000);
    for (let at = 0; at < bytes.length; at += 1316 + 77) {
      upload.chunk(bytes.subarray(at, at + 1316 + 77));
      if (at % 10 === 0) await pause(1);
    }
    await until('all has arrived', () => endpoint.bytes.length === bytes.length);
    for (const { data } of endpoint.messages) expect([data.length % 188, data[0]]).to.deep.equal([0, 0x47]);
    expect(endpoint.bytes.equals(bytes)).to.be.true;
  });

  it('5: deleting a stream rule and then its destination is no panic, in either order', async () => {
    const endpoint = await TestEndpoint.start();
    const stream = { stream: 'stream/a', feeds: ['video0'] };
    for (const paths of [
      ['/api/streams/stream/a', '/api/destinations/0'],
      ['/api/destinations/0', '/api/streams/stream/a'],
      ['/api/streams/all', '/api/destinations/0'],
    ]) {
      await vw.api('POST', '/api/streams', stream);
      await vw.connect('stream/a', endpoint.url);
      for (const path of paths) expect((await vw.api('DELETE', path)).status).to.equal(200);
    }
    expect((await vw.api('GET', '/healthcheck')).body).to.equal('ok');
  });

  it('5, 6: DELETE all does delete all, and twice is no panic', async () => {
    await vw.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['video0'] });
    await vw.api('POST', '/api/destinations', rule(UNREACHABLE));
    for (const what of ['streams', 'destinations', 'streams', 'destinations']) {
      expect(await vw.api('DELETE', `/api/${what}/all`)).to.deep.include({ status: 200, body: 'all' });
      expect((await vw.api('GET', `/api/${what}/all`)).body).to.deep.equal({});
    }
  });

  it('6: unknown ids are answered 404', async () => {
    for (const path of ['/api/destinations/x', '/api/streams/stream/x']) {
      for (const method of ['GET', 'DELETE']) expect((await vw.api(method, path)).status).to.equal(404);
    }
  });

  it('8: an endpoint that accepts and closes is not dialled thousands of times', async () => {
    const [patient, endpoint] = [
      await TestRelay.start({ limits: { backoffMinMs: 200, backoffMaxMs: 10_000, goodAfterMs: 60_000 } }),
      await TestEndpoint.start({ closesAtOnce: true }),
    ];
    const began = performance.now();
    await patient.api('POST', '/api/destinations', rule(endpoint.url));
    await until('it was dialled four times', () => endpoint.dials >= 4);
    expect(performance.now() - began).to.be.above(0.8 * (200 + 400 + 800));
  });

  it('9: tokens are in no answer', async () => {
    await vw.api('POST', '/api/destinations', { ...rule(UNREACHABLE), token: 'hush' });
    for (const path of ['/api/destinations/all', '/api/destinations/0', '/api/stats']) {
      expect(JSON.stringify((await vw.api('GET', path)).body)).not.to.contain('hush');
    }
  });

  it('9: the admin feed is not accessible', async () => {
    expect((await RawUpload.begin(vw.port, 'api').answer()).status).to.equal(400);
    expect((await vw.api('POST', '/api/destinations', rule(UNREACHABLE, 'apiRule'))).status).to.equal(400);
    expect((await vw.api('POST', '/api/destinations', rule(UNREACHABLE, '1', 'api'))).status).to.equal(400);
  });
});

describe('7: leaks of the original', function () {
  this.timeout(60_000);
  const limits = { VW_FORGET_AFTER_MS: '200', VW_LOG_LEVEL: 'error' };
  let vw: Program;
  let before: number;

  beforeEach(async () => {
    vw = await Program.streamQuietly(limits);
    await vw.api('GET', '/healthcheck');
    before = vw.descriptors();
  });

  async function hasNothing(): Promise<boolean> {
    const { feeds, streams, destinations } = await vw.stats();
    return [feeds, streams, destinations].every((all) => Object.keys(all).length === 0);
  }

  async function expectNothingLeft(): Promise<void> {
    // The test's own keep-alive connections to the API count too: a few.
    await until('descriptors have returned', () => vw.descriptors() <= before + 3);
    await until('feeds are forgotten', hasNothing);
  }

  it('200 rules added and deleted leave nothing', async () => {
    for (let from = 0; from < 100; from += 50) {
      const some = Array.from({ length: 50 }, (_, i) => String(from + i));
      await Promise.all(
        some.map(async (id) => {
          await vw.api('POST', '/api/streams', { stream: `stream/${id}`, feeds: [`v${id}`, `a${id}`] });
          await vw.api('POST', '/api/destinations', rule(UNREACHABLE, id, `stream/${id}`));
          await vw.api('DELETE', `/api/destinations/${id}`);
          await vw.api('DELETE', `/api/streams/stream/${id}`);
        }),
      );
    }
    await until('descriptors have returned', () => vw.descriptors() <= before + 55); // our keep-alive connections
    await until('feeds are forgotten', hasNothing);
  });

  it('300 replaced while the endpoint is down leave nothing', async () => {
    const silent = await TestEndpoint.start({ isSilent: true });
    for (let i = 0; i < 300; i++) {
      const url = i % 2 ? UNREACHABLE : `${silent.url}/${i}`;
      expect((await vw.api('POST', '/api/destinations', rule(url))).status).to.equal(200);
    }
    await until('one dial is left at most', () => vw.descriptors() <= before + 4);
    await vw.api('DELETE', '/api/destinations/0');
    await expectNothingLeft();
  });

  it('150 uploads cut off leave nothing', async () => {
    for (let i = 0; i < 150; i++) {
      const upload = RawUpload.begin(vw.port, `video${i % 10}`, (['chunked', 'length', 'expect'] as const)[i % 3]);
      upload.chunk(packets(20).subarray(0, 3000 + i));
      await new Promise((resolve) => upload.socket.write('', resolve));
      if (i % 2) upload.socket.resetAndDestroy();
      else upload.socket.destroy();
    }
    await expectNothingLeft();
  });
});

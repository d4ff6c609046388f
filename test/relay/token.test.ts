// Endpoints that want a token as first message (crossbar's way).

import { expect } from 'chai';
import { startCrossbar } from '../support/relay/endpoints.js';
import { afterTest } from '../support/cleanup.js';
import { pause, until } from '../support/wait.js';
import { packets } from '../support/mpegts/ts.js';
import { TestRelay } from '../support/relay/relay.js';
import { Wire } from '../support/relay/wire.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzY29wZSI6InNlY3JldCJ9.c2lnbmF0dXJl';

/** An upload that goes on for the whole test: media is there from before the first dial. */
function keepUploading(port: number): void {
  const wire = new Wire(port).write('POST /ts/video0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const timer = setInterval(() => {
    const media = packets(2);
    wire
      .write(`${media.length.toString(16)}\r\n`)
      .write(media)
      .write('\r\n');
  }, 2);
  afterTest(() => clearInterval(timer));
}

describe('an endpoint that requires a token first', () => {
  it('is sent the token as text, and not one media byte before it has authorised', async () => {
    const endpoint = await startCrossbar({ good: [TOKEN], reason: '', delayMs: 150 });
    const relay = await TestRelay.start();
    keepUploading(relay.port);
    let heardBefore = -1;
    endpoint.onVisit = (visit) => {
      visit.client.on('message', () => {
        // The answer goes out 150 ms after the token: look just before it does.
        if (visit.heard.length === 1) setTimeout(() => (heardBefore = visit.heard.length), 140);
      });
    };
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/video0`, token: TOKEN });
    await until('media arrives', () => (endpoint.visit?.heard.length ?? 0) > 5);
    const [first, second] = endpoint.visit!.heard;
    expect(first).to.deep.equal({ data: Buffer.from(TOKEN), isBinary: false });
    expect(heardBefore).to.equal(1);
    expect(second!.isBinary).to.equal(true);
    expect(second!.data[0]).to.equal(0x47);
  });

  it('that refuses is reported in stats and log, and dialled again with the same backoff', async () => {
    const endpoint = await startCrossbar({ good: [], reason: 'token has expired' });
    const relay = await TestRelay.start({ limits: { backoffMinMs: 40, backoffMaxMs: 320, goodAfterMs: 10 } });
    keepUploading(relay.port);
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/video0`, token: TOKEN });
    await relay.failsWith(/rejected the token: token has expired/);
    await endpoint.visited(5);
    const gaps = endpoint.visits.slice(1).map((visit, i) => visit.at - endpoint.visits[i]!.at);
    expect(gaps[1], String(gaps)).to.be.above(60); // 80 ms less a fifth
    expect(gaps[2], String(gaps)).to.be.above(120);
    expect(gaps[3], String(gaps)).to.be.above(250);
    expect(relay.link().opens).to.equal(0);
    for (const { heard } of endpoint.visits) expect(heard.length).to.be.at.most(1);
    const told = relay.log.lines.filter(({ message }) => message === 'endpoint not reached');
    expect(told).to.have.length(1);
    expect(told[0]!.facts.reason).to.contain('token has expired');
    expect((await relay.stats()).destinations['0']!.live.lastError).to.contain('token has expired');
  });

  it('that never answers has failed after the dial time-out, and is dialled again', async () => {
    const endpoint = await startCrossbar({ good: [TOKEN], reason: '', isSilent: true });
    const relay = await TestRelay.start({ limits: { dialTimeoutMs: 120 } });
    keepUploading(relay.port);
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/video0`, token: TOKEN });
    await relay.failsWith(/no answer to the token within 0.12 s/);
    await endpoint.visited(2);
    await until('each was sent the token', () => endpoint.visits.some(({ heard }) => heard.length === 1));
    for (const { heard } of endpoint.visits) expect(heard.length).to.be.at.most(1);
  });

  it('that cuts the link when the token expires is dialled and shown the token again', async () => {
    const endpoint = await startCrossbar({ good: [TOKEN], reason: 'token has expired' });
    const relay = await TestRelay.start();
    keepUploading(relay.port);
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/video0`, token: TOKEN });
    await until('media arrives', () => (endpoint.visit?.heard.length ?? 0) > 3);
    endpoint.visit!.client.terminate();
    await endpoint.visited(2);
    await until('media arrives again', () => endpoint.visit!.heard.length > 3);
    expect(endpoint.visit!.heard[0]!.data.toString()).to.equal(TOKEN);
    expect(relay.log.lines.some(({ message }) => message === 'link lost')).to.equal(true);
  });

  it('takes a renewed token when the rule is posted again, without media lost to the old link', async () => {
    const endpoint = await startCrossbar({ good: [TOKEN, 'renewed-token'], reason: '' });
    const relay = await TestRelay.start();
    const destination = `ws://127.0.0.1:${endpoint.port}/in/video0`;
    await relay.send({ destination, token: TOKEN });
    await relay.isOpen();
    await relay.send({ destination, token: 'renewed-token' });
    await endpoint.visited(2);
    await until('the new link is live', () => relay.relay.stats().destinations['0']!.pending === null);
    expect(endpoint.visits[1]!.heard[0]!.data.toString()).to.equal('renewed-token');
    await until('the old link is closed', () => endpoint.visits[0]!.client.readyState === 3);
    await relay.send({ destination }); // without a token the one there is stays: nothing is disturbed
    await relay.send({ destination, token: 'renewed-token' });
    await pause(50);
    expect(endpoint.visits).to.have.length(2);
  });

  it('whose renewed token is refused leaves the link that works alone', async () => {
    const endpoint = await startCrossbar({ good: [TOKEN], reason: 'not this one' });
    const relay = await TestRelay.start();
    const destination = `ws://127.0.0.1:${endpoint.port}/in/video0`;
    keepUploading(relay.port);
    await relay.send({ destination, token: TOKEN });
    await relay.isOpen();
    await relay.send({ destination, token: 'wrong-token' });
    await endpoint.visited(3);
    const { live, pending } = relay.relay.stats().destinations['0']!;
    expect(live.state).to.equal('open');
    expect(pending?.lastError).to.contain('not this one');
    const before = endpoint.visits[0]!.heard.length;
    await until('media still arrives', () => endpoint.visits[0]!.heard.length > before + 3);
  });

  it('answers what is no verdict, or binary, and is not believed', async () => {
    const endpoint = await startCrossbar({ good: [], reason: '', isSilent: true });
    endpoint.onVisit = ({ client }) => {
      for (const text of ['hello', '[]', 'null', '{"authorised":"true"}', '{"authorised":1}', '{"topic":"x"}'])
        client.send(text);
      client.send(Buffer.from('{"authorised":true}'));
    };
    const relay = await TestRelay.start({ limits: { dialTimeoutMs: 150 } });
    keepUploading(relay.port);
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/video0`, token: TOKEN });
    await relay.failsWith(/no answer to the token/);
    for (const { heard } of endpoint.visits) expect(heard.length).to.be.at.most(1);
  });

  it('may echo the token in its reason and its close: it is never shown', async () => {
    const endpoint = await startCrossbar({ good: [], reason: `bad token ${TOKEN}!\u001b[2J\n` });
    const relay = await TestRelay.start();
    await relay.send({ destination: `ws://127.0.0.1:${endpoint.port}/in/video0?key=another-secret`, token: TOKEN });
    await relay.failsWith(/rejected the token: bad token \(secret\)!\?\[2J\?/);
    endpoint.onMessage = ({ client }) => client.close(4001, `no ${TOKEN} another-secret`.slice(0, 123));
    await relay.failsWith(/4001: no \(secret\)/);
    const shown = (await relay.shown()).replaceAll('/in/video0?key=another-secret', ''); // the rule as it was posted
    expect(shown).not.to.contain(TOKEN);
    expect(shown).not.to.contain('another-secret');
    expect(shown).to.contain('"tokenSet":true');
  });
});

// Viewers that do not keep up: they lose whole messages of their own, nobody else does, and who takes nothing is closed.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import type { TestClient } from '../support/relay/serve.js';
import { TestServe } from '../support/relay/serve.js';
import { packet, packets } from '../support/mpegts/ts.js';
import { until } from '../support/wait.js';

/** A message of 100 kB that can be begun at, with its number in it. */
function numbered(number: number): Buffer {
  const out = Buffer.concat([packet({ startsUnit: true, randomAccess: true }), packets(531)]);
  out.writeUInt32BE(number, 150);
  return out;
}

const numberOf = (data: Buffer) => data.readUInt32BE(150);

/** Sends until the server has dropped something for a slow viewer; returns how many were sent. */
async function sendUntilDropped(serve: TestServe, publisher: TestClient, from = 0): Promise<number> {
  let sent = from;
  await until('messages are dropped', async () => {
    for (let i = 0; i < 10; i++) publisher.socket.send(numbered(sent++));
    await publisher.flushed();
    return Number((await serve.topic('x')).droppedMessages) > 0;
  });
  return sent;
}

describe('a viewer that does not read', () => {
  it('loses whole messages of its own, counted, and resumes at a random access point; others are not affected', async () => {
    const serve = await TestServe.start({ limits: { highWaterBytes: 500_000 } });
    const [slow, quick] = [await serve.member('/out/x'), await serve.member('/out/x')];
    const publisher = await serve.member('/in/x');
    slow.socket.pause();
    let sent = await sendUntilDropped(serve, publisher);
    await quick.hears(sent);
    slow.socket.resume();
    await until('the slow one is heard of again', async () => {
      publisher.socket.send(numbered(sent++));
      await publisher.flushed();
      return slow.heard.length > 0 && numberOf(slow.heard.at(-1)!.data) >= sent - 3;
    });
    await quick.hears(sent);
    expect(quick.heard.map(({ data }) => numberOf(data))).to.deep.equal(Array.from({ length: sent }, (_, i) => i));
    const seen = slow.heard.map(({ data }) => numberOf(data));
    expect(seen).to.deep.equal([...seen].sort((a, b) => a - b));
    for (const { data } of slow.heard) expect(data.length).to.equal(532 * 188);
    expect(seen.length).to.be.below(sent);
    const { droppedMessages, droppedBytes } = await serve.topic('x');
    expect(Number(droppedBytes)).to.equal(Number(droppedMessages) * 532 * 188);
    await until('nothing more is on its way', () => slow.heard.length + Number(droppedMessages) === sent);
    expect(serve.log.lines.some(({ message }) => message === 'viewer is slow: dropping messages')).to.equal(true);
  });

  it('is closed when it has taken nothing for the time that is allowed, and is no burden any more', async () => {
    const serve = await TestServe.start({ limits: { highWaterBytes: 300_000, stuckAfterMs: 300 } });
    const [stuck, quick] = [await serve.member('/out/x'), await serve.member('/out/x')];
    const publisher = await serve.member('/in/x');
    stuck.socket.pause();
    const sent = await sendUntilDropped(serve, publisher);
    await until('it is closed', async () => Number((await serve.topic('x')).stuckViewers) === 1);
    expect(await serve.topic('x')).to.include({ viewers: 1 });
    await quick.hears(sent);
    stuck.socket.resume();
    expect((await stuck.isClosed()).code).to.equal(1006);
    expect(quick.closed).to.equal(null);
    expect(serve.log.lines.some(({ message }) => message === 'viewer reads nothing: closed')).to.equal(true);
  });

  it('is not closed as long as it takes anything', async () => {
    const serve = await TestServe.start({ limits: { highWaterBytes: 300_000, stuckAfterMs: 400 } });
    const trickle = await serve.member('/out/x');
    const publisher = await serve.member('/in/x');
    trickle.socket.pause();
    let sent = await sendUntilDropped(serve, publisher);
    const began = performance.now();
    // It reads a little now and then, for three times as long as it might be stuck.
    await until('it has trickled for a while', async () => {
      trickle.socket.resume();
      await nextTurn();
      trickle.socket.pause();
      publisher.socket.send(numbered(sent++));
      return performance.now() - began > 1200;
    });
    trickle.socket.resume();
    await trickle.flushed();
    expect(trickle.closed).to.equal(null);
    expect(await serve.topic('x')).to.include({ stuckViewers: 0, viewers: 1 });
  });

  it('and has nothing to take is not closed: a topic may be silent', async () => {
    const serve = await TestServe.start({ limits: { stuckAfterMs: 60 } });
    const viewer = await serve.member('/out/x');
    const began = performance.now();
    await until('time has passed', () => performance.now() - began > 300);
    await viewer.flushed();
    expect(viewer.closed).to.equal(null);
  });
});

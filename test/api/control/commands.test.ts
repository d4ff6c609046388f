// The admin feed: commands over the standing destination of VW_API.

import { expect } from 'chai';
import { type EndpointServer, startCrossbar } from '../../support/relay/endpoints.js';
import { pause, until } from '../../support/wait.js';
import { statusOf, Wire } from '../../support/relay/wire.js';
import { type RelayOptions, TestRelay } from '../../support/relay/relay.js';

const TOKEN = 'command-token-secret';

let host: EndpointServer;

let relay: TestRelay;

async function start(options: RelayOptions = {}): Promise<void> {
  host = await startCrossbar({ good: [TOKEN], reason: '' });
  const url = `ws://127.0.0.1:${host.port}/bi/board?key=query-secret`;
  relay = await TestRelay.start({ commands: { url, token: TOKEN }, ...options });
  await until('the link of commands is open', async () => {
    return (await relay.stats()).destinations.apiRule!.live.state === 'open';
  });
}

/** What came back, as JSON, without the token that came first. */
function answers(): unknown[] {
  return host.visit!.heard.slice(1).map(({ data }) => JSON.parse(data.toString()) as unknown);
}

async function command(body: unknown, isBinary = false): Promise<unknown> {
  const before = answers().length;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  host.visit!.client.send(isBinary ? Buffer.from(text) : text);
  await until(`an answer to ${text.slice(0, 80)}`, () => answers().length > before);
  return answers()[before];
}

describe('the admin feed', () => {
  beforeEach(() => start());

  it('carries out every command, and REST agrees', async () => {
    const stream = { stream: 'stream/front', feeds: ['video0', 'audio0'] };
    const shown = { id: '0', stream: 'stream/front', destination: 'ws://127.0.0.1:1/in/x', tokenSet: true };
    const rule = { id: '0', stream: 'stream/front', destination: shown.destination, token: 'rule-secret' };
    const rest = async (path: string) => JSON.parse((await relay.api('GET', path)).text) as unknown;
    expect(await command({ verb: 'healthcheck' })).to.deep.equal({ healthcheck: 'ok' });
    expect(await command({ verb: 'add', what: 'stream', rule: stream })).to.deep.include(stream);
    expect(await command({ verb: 'add', what: 'destination', rule })).to.deep.equal(shown);
    expect(await command({ verb: 'list', what: 'stream', which: 'stream/front' })).to.deep.equal({
      feeds: stream.feeds,
    });
    for (const [what, path] of [
      ['stream', '/api/streams/all'],
      ['destination', '/api/destinations/all'],
    ] as const)
      expect(await command({ verb: 'list', what, which: 'all' })).to.deep.equal(await rest(path));
    expect(await command({ verb: 'list', what: 'destination', which: '0' })).to.deep.equal(
      await rest('/api/destinations/0'),
    );
    expect(await command({ verb: 'delete', what: 'destination', which: '0' })).to.deep.equal({ deleted: '0' });
    expect(await command({ verb: 'delete', what: 'stream', which: '/stream/front' })).to.deep.equal({
      deleted: 'stream/front',
    });
    expect((await relay.api('GET', '/api/destinations/0')).status).to.equal(404);
    expect(await rest('/api/streams/all')).to.deep.equal({});
    expect(await relay.shown()).not.to.contain('rule-secret');
  });

  it('survives every "delete all" and cannot be deleted, replaced or posted', async () => {
    for (const which of ['all', 'deleteAll'])
      for (const what of ['stream', 'destination'])
        expect(await command({ verb: 'delete', what, which })).to.deep.equal({ deleted: which });
    expect(await command({ verb: 'delete', what: 'destination', which: 'apiRule' })).to.include({
      code: 'ERR_RESERVED',
    });
    expect((await relay.api('DELETE', '/api/destinations/all')).status).to.equal(200);
    expect((await relay.api('DELETE', '/api/destinations/apiRule')).status).to.equal(409);
    expect((await relay.api('DELETE', '/api/destinations//apiRule')).status).to.be.oneOf([404, 409]);
    const rule = { id: 'apiRule', stream: 'x', destination: 'ws://127.0.0.1:1' };
    expect((await relay.api('POST', '/api/destinations', rule)).status).to.equal(400);
    expect(await command({ verb: 'add', what: 'destination', rule })).to.have.property('error');
    expect(await command({ verb: 'healthcheck' })).to.deep.equal({ healthcheck: 'ok' });
    expect(host.visits).to.have.length(1);
    expect(await command({ verb: 'list', what: 'destination', which: 'all' })).to.have.property('apiRule');
  });

  const wrong: [string, unknown][] = [
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['a string', '"delete"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no verb', {}],
    ['an unknown verb', { verb: 'run', what: 'stream' }],
    ['an unknown thing', { verb: 'add', what: 'capture', rule: {} }],
    ['add without a rule', { verb: 'add', what: 'stream' }],
    ['add with a rule that is null', { verb: 'add', what: 'destination', rule: null }],
    ['add with a bad rule', { verb: 'add', what: 'stream', rule: { stream: 'x', feeds: 1 } }],
    [
      'an http address without a token',
      { verb: 'add', what: 'destination', rule: { id: '0', stream: 'a', destination: 'http://x/' } },
    ],
    [
      'the reserved feed',
      { verb: 'add', what: 'destination', rule: { id: '0', stream: 'api', destination: 'ws://x/' } },
    ],
    ['the reserved feed in a stream', { verb: 'add', what: 'stream', rule: { stream: 'stream/x', feeds: ['api'] } }],
    ['a mute whose rule is a word', { verb: 'add', what: 'mute', which: 'mic', rule: 'all' }],
    ['a mute whose rule is a list', { verb: 'add', what: 'mute', which: 'mic', rule: ['all'] }],
    ['delete without which', { verb: 'delete', what: 'stream' }],
    ['delete of what is not there', { verb: 'delete', what: 'destination', which: 'x' }],
    ['list without what', { verb: 'list' }],
    ['list of what is not there', { verb: 'list', what: 'stream', which: 'stream/x' }],
    ['which as a number', { verb: 'list', what: 'stream', which: 7 }],
    ['a field too many', { verb: 'healthcheck', run: 'rm' }],
    ['a command over 64 KiB', { verb: 'healthcheck', which: 'x'.repeat(70_000) }],
    ['brackets without end', '{{{{[[['],
    ['deep brackets', '['.repeat(20_000) + ']'.repeat(20_000)],
  ];
  for (const [name, body] of wrong)
    it(`answers ${name} with an error, and goes on`, async () => {
      expect(await command(body))
        .to.have.property('error')
        .that.is.a('string');
      expect(await command({ verb: 'healthcheck' })).to.deep.equal({ healthcheck: 'ok' });
      expect(await relay.stats()).to.deep.include({ streams: {}, mutes: {} });
    });

  it('takes commands in binary messages', async () => {
    expect(await command({ verb: 'healthcheck' }, true)).to.deep.equal({ healthcheck: 'ok' });
    expect(await command(Buffer.from([0xff, 0xfe, 0x00]).toString('latin1'), true)).to.have.property('error');
  });

  it('answers 1,000 commands in a burst, in order', async () => {
    for (let i = 0; i < 1000; i++)
      host.visit!.client.send(
        JSON.stringify({ verb: 'add', what: 'stream', rule: { stream: `stream/s${i}`, feeds: [`f${i % 50}`] } }),
      );
    await until('1,000 answers', () => host.visit!.heard.length === 1001);
    expect(answers().map((answer) => (answer as { stream: string }).stream)).to.deep.equal(
      Array.from({ length: 1000 }, (_, i) => `stream/s${i}`),
    );
    expect(Object.keys((await relay.stats()).streams)).to.have.length(1000);
  });

  it('answers each of the commands that a relay on the way joined into one message', async () => {
    const one = '{"verb":"list","what":"stream","which":"stream/}\\"{"}';
    host.visit!.client.send(`{"verb":"healthcheck"}${one}\n{"verb":"healthcheck"} rest`);
    await until('four answers', () => host.visit!.heard.length === 4 + 1);
    expect(answers()[0]).to.deep.equal({ healthcheck: 'ok' });
    expect(answers()[1]).to.include({ code: 'ERR_NOT_FOUND' });
    expect(answers()[3]).to.include({ code: 'ERR_BAD_COMMAND' });
  });

  it('gives everybody else a turn between the commands of one message', async () => {
    let inTurn = 0;
    let most = 0;
    const leave = relay.relay.events.subscribe(() => {
      if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
      most = Math.max(most, inTurn);
    });
    const rules = Array.from({ length: 2000 }, (_, i) => ({ stream: `stream/s${i % 2}`, feeds: [`f${i}`] }));
    host.visit!.client.send(rules.map((rule) => JSON.stringify({ verb: 'add', what: 'stream', rule })).join(''));
    await until('all are answered', () => host.visit!.heard.length === rules.length + 1); // the token came first
    leave();
    expect(most).to.be.within(1, rules.length / 5);
  });

  it('does not answer complaints: two boards on one topic would talk for ever', async () => {
    host.visit!.client.send('{"error":"this is no command","code":"ERR_BAD_COMMAND"}');
    await command({ verb: 'healthcheck' });
    expect(answers()).to.deep.equal([{ healthcheck: 'ok' }]);
  });

  it('drops no answer at an endpoint that reads slowly, however long answers are', async () => {
    await start({ limits: { highWaterBytes: 65_536 } });
    for (let i = 0; i < 500; i++)
      await relay.api('POST', '/api/streams', { stream: `stream/${'x'.repeat(120)}${i}`, feeds: ['a', 'b'] });
    const { client } = host.visit!;
    client.pause();
    for (let i = 0; i < 60; i++) client.send('{"verb":"list","what":"stream","which":"all"}');
    client.send('{"verb":"healthcheck"}');
    await pause(100);
    client.resume();
    await until('every answer', () => host.visit!.heard.length === 62);
    expect(answers().at(-1)).to.deep.equal({ healthcheck: 'ok' });
  });

  it('is dialled again when it is lost, with its token, which is never shown', async () => {
    host.visit!.client.close(1000, `bye ${TOKEN} query-secret`);
    await host.visited(2);
    await until('the token is shown again', () => host.visit!.heard[0]?.data.toString() === TOKEN);
    await until('it is open', async () => (await relay.stats()).destinations.apiRule!.live.opens === 2);
    expect(await command({ verb: 'healthcheck' })).to.deep.equal({ healthcheck: 'ok' });
    const rules = JSON.stringify(await command({ verb: 'list', what: 'destination', which: 'apiRule' }));
    expect(rules).to.contain('"tokenSet":true');
    expect(rules + (await relay.shown())).not.to.contain(TOKEN);
    expect(JSON.stringify(relay.log.lines) + JSON.stringify(await relay.stats())).not.to.contain('query-secret');
  });

  it('has a feed that no other client reaches', async () => {
    const upgrade = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    for (const path of ['/ws/api', '/ws/%2Fapi', '/ws/%61pi', '/ws/api/'])
      expect(await statusOf(relay.port, [`GET ${path} HTTP/1.1`, 'Host: localhost', ...upgrade]), path).to.equal(400);
    for (const path of ['/ts/api', '/ts/%2Fapi', '/ts/%61%70%69', '/ts/api/']) {
      const wire = new Wire(relay.port).write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      );
      expect(await wire.status(), path).to.equal(400);
      expect((await relay.api('PUT', path, '{}')).status, path).to.equal(400);
    }
    for (const stream of ['api', '/api'])
      expect(
        (await relay.api('POST', '/api/destinations', { id: '0', stream, destination: 'ws://x/' })).status,
      ).to.equal(400);
    expect((await relay.api('POST', '/api/streams', { stream: 'stream/x', feeds: ['/api'] })).status).to.equal(400);
    expect(answers()).to.deep.equal([]);
  });
});

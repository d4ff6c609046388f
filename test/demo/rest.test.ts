import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { callRest, type Call, curlLines } from '../../src/demo/rest.js';
import { destinationCall, PICTURE_FEED, SOUND_FEED, streamCall, tourSteps } from '../../src/demo/tour.js';
import { afterTest } from '../support/cleanup.js';

/** A server that answers what it was asked. */
async function mirror(status = 200): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ method, url, type: headers['content-type'] ?? null, body }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the printed command does, in a shell. */
async function shell(call: Call): Promise<unknown> {
  const { stdout } = await promisify(execFile)('bash', ['-c', curlLines(call).join('\n')]);
  return JSON.parse(stdout) as unknown;
}

describe('the printed curl command', () => {
  it('asks the same as the demo does, for every step of the tour', async () => {
    const relay = await mirror();
    const places = { relay, endpoints: ['http://127.0.0.1:8889', 'http://127.0.0.1:8890'] } as const;
    const calls = [
      streamCall(places, [PICTURE_FEED, SOUND_FEED]),
      destinationCall(places, 0),
      ...tourSteps(places).map(({ call }) => call),
    ];
    for (const call of calls) expect(await shell(call), call.method).to.deep.equal(await callRest(call));
  });

  it('is right for what a shell might take for its own', async () => {
    const call: Call = { method: 'PUT', url: `${await mirror()}/a?b=1`, body: { id: 'it\'s $HOME `x` \\ "quoted"' } };
    expect(await shell(call)).to.deep.equal(await callRest(call));
  });

  it('has short lines', () => {
    const places = {
      relay: 'http://127.0.0.1:65535',
      endpoints: ['http://127.0.0.1:65534', 'http://127.0.0.1:65533'],
    } as const;
    const lines = tourSteps(places).flatMap(({ call, title, expected }) => [...curlLines(call), title, expected]);
    for (const line of lines) expect(line.length, line).to.be.at.most(100);
  });
});

describe('a request of the demo', () => {
  it('that is refused is an error with the reason', async () => {
    const url = `${await mirror(404)}/nowhere`;
    let message = '';
    await callRest({ method: 'GET', url }).catch((error: unknown) => (message = (error as Error).message));
    expect(message).to.match(/^GET http:.*\/nowhere was answered 404: \{/);
  });
});

import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { expect } from 'chai';
import { callHttp, HttpCallError, openRequest } from '../src/http-client.js';
import { afterTest } from './support/cleanup.js';
import { certificateFor, testAuthority } from './support/relay/certificates.js';
import { setEnvironment } from './support/programs/command.js';
import { until } from './support/wait.js';

const LIMITS = { timeoutMs: 30_000, maxAnswerBytes: 1000 };
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server, its port, and its open connections. */
async function listen(server: Server): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function serve(answer: Answer): Promise<{ url: string; sockets: Set<Socket> }> {
  const { port, sockets } = await listen(createServer(answer));
  return { url: `http://127.0.0.1:${port}/x`, sockets };
}

async function errorOf(
  call: Promise<unknown>,
): Promise<Error & { code?: string; wasReused?: boolean; reason?: string }> {
  return call.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error as Error,
  );
}

describe('an HTTP request of ours', () => {
  it('has method, headers and a body of known length, and resolves to the whole answer, whatever its status', async () => {
    for (const method of ['POST', 'DELETE']) {
      const { url } = await serve((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          const { authorization, 'content-length': length, 'transfer-encoding': coding } = request.headers;
          const text = [request.method, authorization, length, coding, Buffer.concat(parts).toString()].join(' ');
          response.writeHead(418, { 'Content-Type': 'text/plain' }).write(text.slice(0, 5));
          response.end(text.slice(5));
        });
      });
      const answer = await callHttp(url, { method, headers: { Authorization: 'a-token' }, body: 'für', ...LIMITS });
      expect(answer).to.deep.equal({ status: 418, type: 'text/plain', body: `${method} a-token 4  für` });
    }
  });

  it('without a body says so if its method may have one', async () => {
    const { url } = await serve((request, response) => {
      response.end(JSON.stringify([request.headers['content-length'], request.headers['transfer-encoding']]));
    });
    const asked = async (method: string) => (await callHttp(url, { method, ...LIMITS })).body;
    expect([await asked('POST'), await asked('GET')]).to.deep.equal(['["0",null]', '[null,null]']);
  });

  it('follows no redirect, and uses no proxy of the environment', async () => {
    setEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1', NO_PROXY: '', no_proxy: '' });
    const { url } = await serve((_request, response) => response.writeHead(302, { Location: '/y' }).end());
    expect((await callHttp(url, { method: 'GET', ...LIMITS })).status).to.equal(302);
  });

  const stalls: [string, Answer][] = [
    ['nothing', () => undefined],
    ['half an answer', (_request, response) => response.writeHead(200).write('{')],
  ];
  for (const [what, answer] of stalls) {
    it(`that is answered with ${what} ends with its time-out, or is called off, and its connection is closed`, async () => {
      const { url, sockets } = await serve(answer);
      const late = await errorOf(callHttp(url, { method: 'GET', ...LIMITS, timeoutMs: 100 }));
      expect(late.reason).to.equal('late');
      const ended = new AbortController();
      const call = errorOf(callHttp(url, { method: 'GET', ...LIMITS, signal: ended.signal }));
      await until('it is connected', () => sockets.size > 0);
      ended.abort();
      expect((await call).reason).to.equal('called off');
      const again = await errorOf(callHttp(url, { method: 'GET', ...LIMITS, signal: ended.signal }));
      expect(again.reason).to.equal('called off');
      await until('no connection is left', () => sockets.size === 0);
    });
  }

  it('whose answer is too large is ended', async () => {
    const { url, sockets } = await serve((_request, response) => {
      const more = () => response.write('x'.repeat(16_384)) && setImmediate(more);
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    const error = await errorOf(callHttp(url, { method: 'GET', ...LIMITS }));
    expect(error).to.be.instanceOf(HttpCallError);
    expect(error.reason).to.equal('large');
    await until('no connection is left', () => sockets.size === 0);
  });

  it('that nothing answers, or that breaks off, rejects with the error of the connection', async () => {
    expect((await errorOf(callHttp('http://127.0.0.1:1/', { method: 'GET', ...LIMITS }))).code).to.equal(
      'ECONNREFUSED',
    );
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 99 }).write('x', () => response.destroy());
    });
    expect((await errorOf(callHttp(url, { method: 'GET', ...LIMITS }))).code).to.equal('ECONNRESET');
  });

  it('says whether its connection had been used before', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      if (++count === 2) request.socket.destroy();
      else response.end('{}');
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    afterTest(() => agent.destroy());
    await callHttp(url, { method: 'GET', agent, ...LIMITS });
    const error = await errorOf(callHttp(url, { method: 'GET', agent, ...LIMITS }));
    expect([error.code, error.wasReused]).to.deep.equal(['ECONNRESET', true]);
    const first = await errorOf(callHttp('http://127.0.0.1:1/', { method: 'GET', agent, ...LIMITS }));
    expect(first.wasReused).to.equal(false);
  });

  it('trusts the authorities that it is given, and no others', async () => {
    const pair = await certificateFor(['127.0.0.1']);
    const { cert } = await testAuthority();
    const { port } = await listen(createSecureServer(pair, (_request, response) => response.end('ok')));
    const url = `https://127.0.0.1:${port}/`;
    const answer = await callHttp(url, { method: 'GET', tls: { ca: cert }, ...LIMITS });
    expect(answer.body).to.equal('ok');
    expect((await errorOf(callHttp(url, { method: 'GET', ...LIMITS }))).code).to.match(/SELF_SIGNED|UNABLE_TO/);
  });

  it('may be opened to be written in pieces', async () => {
    const { url } = await serve((request, response) => request.pipe(response));
    const request = openRequest(url, { method: 'POST' });
    request.write('a');
    request.end('b');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect((await response.toArray()).join('')).to.equal('ab');
  });
});

// A server that is neither vw stream nor vw serve: what it takes to make one of the parts that all have in common.

import { expect } from 'chai';
import * as z from 'zod';
import { HttpError } from '../../../src/http/answer/problem.js';
import { ANY_REQUEST_ERRORS } from '../../../src/http/openapi/http-errors.js';
import { aboutRoutes } from '../../../src/http/routes/about-routes.js';
import { jsonBody } from '../../../src/http/routes/json-body.js';
import { answer, json, parameterOf, type Route } from '../../../src/http/routes/route.js';
import { createHttpApp } from '../../../src/http/server/http-app.js';
import { HttpServer, type RunningServer } from '../../../src/http/server/http-server.js';
import { afterTest } from '../../support/cleanup.js';
import { exchange, openDocument, operationsOf, validator } from '../../support/relay/document.js';
import { keptLog } from '../../support/relay/relay.js';
import { Wire } from '../../support/relay/wire.js';
import { until } from '../../support/wait.js';

const ECHO: Route = {
  name: 'echo',
  path: '/api/echo/{word}',
  tag: 'Words',
  parameter: { name: 'word', description: 'A word.', example: 'a/b' },
  operations: [
    {
      methods: ['GET'],
      id: 'getWord',
      summary: 'Returns the word',
      answer: json('The word.', () => Promise.resolve(z.string()), 'a/b'),
      errors: [],
      handlers: [answer((request) => parameterOf(request, 'word'))],
    },
    {
      methods: ['POST'],
      id: 'postWord',
      summary: 'Returns the body',
      body: { type: 'application/json', schema: z.object({ x: z.int() }), example: { x: 1 } },
      answer: json('The body.', z.object({ x: z.int() }), { x: 1 }),
      errors: [],
      handlers: [...jsonBody, answer((request) => request.body as unknown)],
    },
  ],
};

/** Starts the server; `stop` is what it does when it is closed. */
async function start(stop: () => unknown = () => undefined): Promise<RunningServer> {
  const log = keptLog();
  const about = aboutRoutes([ECHO], {
    pagePolicy: null,
    describe: () =>
      Promise.resolve({
        program: 'vw words',
        title: 'words',
        about: 'Words.',
        server: 'server',
        tags: { Words: 'Words.', Monitoring: 'State.', Pages: 'Pages.' },
        schemas: { input: {}, output: {} },
        security: { isRequired: false, schemes: {} },
        errors: ANY_REQUEST_ERRORS,
        anyRequestErrors: Object.keys(ANY_REQUEST_ERRORS),
        guard: { codes: [], errorsOf: () => [], isOpen: () => true },
      }),
  });
  const app = createHttpApp({
    headers: { scheme: 'http:', directives: {} },
    admission: { methods: 'GET, POST', admit: () => 'admitted', share: () => null },
    pages: null,
    routes: [ECHO, ...about],
    unknownPath: ({ path }) => new HttpError(404, 'ERR_NO_SUCH_PATH', `there is nothing at ${path}`),
    errors: { server: 'server', log, onError: () => undefined, page: null },
  });
  const options = { host: '127.0.0.1', port: 0, keepAliveMs: 15_000, certificate: null };
  const limits = { headersTimeoutMs: 10_000, maxConnections: 2, maxPending: 10 };
  const rules = { requestTimeoutMs: 10_000, isExempt: () => false, continues: 'when admitted' } as const;
  const server = new HttpServer({ ...options, ...limits }, rules, log);
  server.answerWith(app);
  await server.listen();
  const running = server.running(stop);
  afterTest(() => running.close());
  return running;
}

describe('a server of common parts', () => {
  it('answers its routes and documents them', async () => {
    const server = await start();
    const document = await openDocument(server);
    const isValid = validator(document);
    const operations = operationsOf(document);
    expect(operations.map(({ id }) => id)).to.include.members(['getWord', 'postWord', 'getDocument', 'docsPage']);
    for (const operation of operations.filter(({ template }) => template === ECHO.path)) {
      const { status, body } = await exchange(server, operation);
      expect(status, operation.id).to.equal(200);
      const at = `${operation.pointer}/responses/200/content/application~1json`;
      expect(isValid(`${at}/schema`, body), operation.id).to.equal('');
      expect(body).to.deep.equal(operation.success[1].content!['application/json']!.example);
    }
    const page = await exchange(server, { method: 'GET', path: '/api/docs' });
    expect(page.text).to.contain('The API of vw words').and.to.contain('/api/echo/a/b');
  });

  it('refuses what it does not have, with problem documents', async () => {
    const server = await start();
    const codeOf = async (method: string, path: string) => {
      const { status, type, body } = await exchange(server, { method, path });
      expect(type).to.contain('application/problem+json');
      return [status, (body as { code: string }).code];
    };
    expect(await codeOf('GET', '/nothing')).to.deep.equal([404, 'ERR_NO_SUCH_PATH']);
    expect(await codeOf('GET', '//api')).to.deep.equal([404, 'ERR_NO_SUCH_PATH']);
    expect(await codeOf('DELETE', '/api/echo/x')).to.deep.equal([405, 'ERR_METHOD']);
    expect(await codeOf('POST', '/api/echo/x')).to.deep.equal([415, 'ERR_CONTENT_TYPE']);
    expect(await codeOf('GET', '/api/echo/%zz')).to.deep.equal([400, 'ERR_BAD_PATH']);
  });

  it('answers a connection beyond the limit, and closes with every connection', async () => {
    let stops = 0;
    const server = await start(() => stops++);
    const wires = [1, 2].map(() => new Wire(server.port).write('GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    await until('both are answered', () => wires.every(({ heard }) => heard.startsWith('HTTP/1.1 200')));
    const third = new Wire(server.port).write('GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('the third is refused', () => third.heard.includes('ERR_TOO_MANY_CONNECTIONS') && third.isClosed);
    await server.close();
    await until('all are closed', () => wires.every(({ isClosed }) => isClosed));
    expect(stops).to.equal(1);
  });
});

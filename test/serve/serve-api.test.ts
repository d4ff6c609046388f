// Holds the document of the relay server's API and the server together: every route, every answer and every error of it
// is tried.

import { expect } from 'chai';
import type { Express } from 'express';
import { HttpGuard } from '../../src/http/request/http-guard.js';
import { DEFAULT_SERVE_LIMITS } from '../../src/config/limits.js';
import { Codes } from '../../src/serve/auth/codes.js';
import { TrustedProxies } from '../../src/serve/clients/client-address.js';
import { ClientRegistry } from '../../src/serve/clients/client-registry.js';
import { SERVE_API_ERRORS, type ServeErrorCode } from '../../src/serve/openapi/serve-errors.js';
import { createServeApp } from '../../src/serve/serve-app.js';
import { TopicPolicy } from '../../src/serve/topic-policy.js';
import { Topics } from '../../src/serve/topics/topics.js';
import { servePages } from '../../src/web/server/serve-pages.js';
import { afterTest } from '../support/cleanup.js';
import {
  type Answered,
  answerOn,
  type Document,
  exchange,
  openDocument,
  type Operation,
  operationsOf,
  type Response,
  validator,
} from '../support/relay/document.js';
import { packets } from '../support/mpegts/ts.js';
import { keptLog } from '../support/relay/relay.js';
import { SECRET, TestServe, type TestServeOptions } from '../support/relay/serve.js';
import { outerAddress, Wire } from '../support/relay/wire.js';
import { until } from '../support/wait.js';

/** The kinds of server, each with a document of its own. */
const KINDS: Readonly<Record<string, TestServeOptions>> = {
  'with tokens': {},
  'without a secret': { secret: null },
  'that admits everyone': { secret: null, isOpen: true },
};

function start(options: TestServeOptions = {}): Promise<TestServe> {
  const pages = servePages({ wantsToken: options.secret !== null, embedders: [] });
  return TestServe.start({ pages, ...options });
}

/** A token that is valid for an operation. */
function tokenFor(serve: TestServe, { id, path }: Operation): string {
  if (['getStats', 'getStatus', 'getMetrics'].includes(id)) return serve.token('', ['stats']);
  return serve.token(path.includes('video0') ? 'video0' : 'any', ['read', 'write']);
}

function ask(serve: TestServe, operation: Operation, headers: Record<string, string> = {}): Promise<Answered> {
  return exchange(serve, operation, { headers: { Authorization: tokenFor(serve, operation), ...headers } });
}

/** What the app answers, by method and path. */
function routesOf(app: Express): string[] {
  const stack = app.router.stack as unknown as Layer[];
  return stack.flatMap(({ route }) => {
    if (!route) return [];
    const path = route.path.replace(/\*(\w+)/, '{$1}');
    const methods = Object.keys(route.methods).filter((method) => method !== '_all');
    return methods.map((method) => `${method.toUpperCase()} ${path}`);
  });
}

describe('GET /api/openapi.json of vw serve', () => {
  for (const [kind, options] of Object.entries(KINDS)) {
    it(`describes a server ${kind}: each answer fits, no token is needed, no secret is in it`, async () => {
      const serve = await start(options);
      const board = options.secret === null ? await serve.client('/in/video0') : await serve.member('/in/video0');
      board.socket.send(packets(4));
      await board.flushed();
      const answer = await exchange(serve, { method: 'GET', path: '/api/openapi.json' }, NO_TOKEN);
      expect([answer.status, answer.type]).to.deep.equal([200, 'application/json; charset=utf-8']);
      expect(answer.text).not.to.contain(SECRET);
      const document = answer.body as Document;
      const isValid = validator(document);
      for (const name of Object.keys(document.components.schemas)) isValid(`/components/schemas/${name}`, null);
      for (const operation of operationsOf(document)) {
        const { status, type, body, text } = await ask(serve, operation);
        const [promised, response] = operation.success;
        expect(status, `${operation.id}: ${text}`).to.equal(promised);
        const types = Object.keys(response.content ?? {});
        if (types.length > 0) expect(type.split(';')[0], operation.id).to.be.oneOf(types);
        if (types[0] !== 'application/json') continue;
        const at = `${operation.pointer}/responses/${promised}/content/application~1json`;
        expect(isValid(`${at}/schema`, body), `${operation.id}: ${text}`).to.equal('');
      }
    }).timeout(60_000);
  }

  it('has every route that there is, and no other', async () => {
    const log = keptLog();
    const policy = new TopicPolicy('open', new TrustedProxies([]), 1);
    const topics = new Topics(DEFAULT_SERVE_LIMITS, log);
    const guard = new HttpGuard({ hosts: new Set(), origins: new Set() }, policy);
    const clients = new ClientRegistry({ topics, tokens: null, policy, guard }, DEFAULT_SERVE_LIMITS, log);
    afterTest(() => clients.close());
    const pages = servePages({ wantsToken: false, embedders: [] });
    const parts = { clients, codes: new Codes(1), webSocketBase: () => '', embedders: [], scheme: 'http:' as const };
    const there = routesOf(createServeApp({ ...parts, pages }));
    // The pages are served before any route.
    const served = ['GET /', 'GET /play/{topic}', 'GET /player/{file}'];
    const listed = async (serve: TestServe) =>
      operationsOf(await openDocument(serve)).map(({ method, template }) => `${method} ${template}`);
    expect((await listed(await start())).sort()).to.deep.equal([...there, ...served].sort());
    expect((await listed(await TestServe.start())).sort(), 'without pages').to.deep.equal([...there].sort());
  });

  it('has examples that its schemas accept, and operations and links with names of their own', async () => {
    const serve = await start();
    const document = await openDocument(serve);
    const isValid = validator(document);
    const operations = operationsOf(document);
    let examples = 0;
    for (const { pointer, content } of operations.flatMap(({ contents }) => contents)) {
      for (const [at, example] of content) {
        expect(isValid(`${pointer}/schema`, example), `${pointer} ${at}`).to.equal('');
        examples++;
      }
    }
    expect(examples).to.be.above(10);
    expect(new Set(operations.map(({ id }) => id)).size).to.equal(operations.length);
    const { body } = await exchange(serve, { method: 'GET', path: '/api' }, NO_TOKEN);
    const { links } = body as { links: { href: string; methods: string[]; name: string }[] };
    const listed = links.map(({ href, methods }) => [href, methods.map((method) => method.toLowerCase()).sort()]);
    const paths = Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item).sort()]);
    expect(listed).to.have.deep.members(paths);
    expect(new Set(links.map(({ name }) => name)).size, 'names').to.equal(links.length);
  });

  it('is for this machine only where the server is', async () => {
    const serve = await start({ secret: null, host: '0.0.0.0' });
    for (const path of ['/api', '/api/openapi.json', '/api/docs']) {
      const { status } = await exchange(serve, { method: 'GET', path }, { host: outerAddress() });
      expect(status, path).to.equal(403);
    }
  });
});

describe('errors of the API of vw serve', () => {
  for (const [kind, options] of Object.entries(KINDS)) {
    it(`are got where the document of a server ${kind} has them, each with its status and code`, async () => {
      const document = await openDocument(await start(options));
      const isValid = validator(document);
      for (const operation of operationsOf(document)) {
        for (const [status, response] of Object.entries(operation.responses)) {
          if (status === 'default') continue;
          for (const code of codesOf(document, response)) {
            const make = MAKE[code as ServeErrorCode];
            expect(make, `how ${code} is made`).to.be.a('function');
            const answer = await make!(operation, await start({ ...options, host: '0.0.0.0' }));
            const what = `${operation.id} ${status} ${code}: ${answer.text}`;
            expect([answer.status, (answer.body as { code?: string } | null)?.code], what).to.deep.equal([
              Number(status),
              code,
            ]);
            expect(isValid('/components/schemas/Problem', answer.body), what).to.equal('');
          }
        }
      }
    }).timeout(60_000);
  }

  it('are all in a document', async () => {
    const listed = new Set<string>();
    for (const options of Object.values(KINDS)) {
      const document = await openDocument(await start(options));
      const responses = operationsOf(document).flatMap((operation) => Object.entries(operation.responses));
      for (const [status, response] of responses) {
        if (status !== 'default') for (const code of codesOf(document, response)) listed.add(code);
      }
    }
    expect([...listed].sort()).to.deep.equal(Object.keys(MAKE).sort());
    expect([...Object.keys(MAKE), ...Object.keys(ANYWHERE)]).to.include.members(Object.keys(SERVE_API_ERRORS));
  });

  it('that may answer any request are got', async () => {
    const document = await openDocument(await start());
    expect(codesOf(document, document.components.responses.Other!).sort()).to.deep.equal(Object.keys(ANYWHERE).sort());
    for (const [code, make] of Object.entries(ANYWHERE)) {
      const { status, body } = await make();
      expect([status, (body as { code: string }).code]).to.deep.equal([
        SERVE_API_ERRORS[code as ServeErrorCode][0],
        code,
      ]);
    }
  });
});

/** The codes of a response that is an error. */
function codesOf(document: Document, { $ref, content = {} }: Response): string[] {
  if ($ref !== undefined) return codesOf(document, document.components.responses[$ref.split('/').pop()!]!);
  return Object.keys(content['application/problem+json']?.examples ?? {});
}

const NO_TOKEN = { headers: { Authorization: '' } };
/** What an upgrade has, taken away. */
const PLAIN = { Connection: '', Upgrade: '' };

type Make = (operation: Operation, serve: TestServe) => Promise<Answered>;

/** Asks for another value of the path's parameter than the example's. */
function asksFor(value: string): Make {
  return (operation, serve) => ask(serve, { ...operation, path: operation.template.replace(/\{\w+\}/, value) }, {});
}

/** How each error is made, by its code. */
const MAKE: Partial<Record<ServeErrorCode, Make>> = {
  ERR_BAD_TOPIC: asksFor('a%20b'),
  ERR_BAD_PATH: asksFor('%zz'),
  ERR_NO_SUCH_PATH: asksFor('nothing.js'),
  ERR_UPGRADE_REQUIRED: (operation, serve) => ask(serve, operation, PLAIN),
  ERR_TOKEN: (operation, serve) => exchange(serve, operation, NO_TOKEN),
  ERR_TOO_MANY_REFUSALS: async (operation) => {
    const serve = await start({ limits: { maxRefusals: 1 } });
    await ask(serve, operation, { Authorization: 'wrong' });
    return ask(serve, operation, { Authorization: 'wrong' });
  },
  ERR_LOOPBACK_ONLY: (operation, serve) => exchange(serve, operation, { host: outerAddress() }),
  ERR_ORIGIN: (operation, serve) => ask(serve, operation, { Origin: 'https://elsewhere.example' }),
  ERR_HOST: (operation, serve) => ask(serve, operation, { Host: 'elsewhere.example' }),
};

/** Sends bytes to a server of its own. */
async function wire(text: string, options: TestServeOptions = {}): Promise<Answered> {
  return answerOn(new Wire((await start(options)).port).write(text));
}

/** What may answer any request, by its code. */
const ANYWHERE: Partial<Record<ServeErrorCode, () => Promise<Answered>>> = {
  ERR_BAD_HTTP: () => wire('HELLO\r\n\r\n'),
  ERR_BAD_TARGET: () => wire('GET ws://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ERR_DUPLICATE_HOST: () => wire('GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'),
  ERR_METHOD: () => wire('DELETE /api/topics HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ERR_UNKNOWN_METHOD: () => wire('BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ERR_HTTP_VERSION: () => wire('GET / HTTP/2.0\r\n\r\n'),
  ERR_NO_SUCH_PATH: () => wire('GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ERR_TIMEOUT: () => wire('GET / HTTP/1.1\r\nHost: localhost\r\n', { headersTimeoutMs: 200 }),
  ERR_HEADERS: () => wire(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`),
  ERR_INTERNAL: () => {
    const pages = () => {
      throw new Error('a fault of ours');
    };
    return wire('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', { pages });
  },
  ERR_TOO_MANY_CONNECTIONS: async () => {
    const serve = await start({ maxConnections: 1 });
    const first = new Wire(serve.port).write('GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('the first is answered', () => first.heard.includes('"ok"'));
    return answerOn(new Wire(serve.port).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  },
};

/** What express keeps of a route. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

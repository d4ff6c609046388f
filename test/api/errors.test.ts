// Every error that the API's document tells of is made to happen, where the document says that it does.

import { join } from 'node:path';
import { expect } from 'chai';
import { StateFile } from '../../src/state/state-file.js';
import { scratch } from '../support/media/ffmpeg.js';
import { ERRORS, type ErrorCode } from '../../src/api/openapi/error-codes.js';
import { MAX_EVENT_CLIENTS } from '../../src/api/live/event-stream.js';
import {
  type Answered,
  answerOn,
  type Document,
  exchange,
  KEY,
  keyed,
  openDocument,
  operationsOf,
} from '../support/relay/document.js';
import { type Operation, type Response, validator } from '../support/relay/document.js';
import { until } from '../support/wait.js';
import { outerAddress, Wire } from '../support/relay/wire.js';
import { packets } from '../support/mpegts/ts.js';
import { TestRelay } from '../support/relay/relay.js';

type Make = (operation: Operation, relay: TestRelay) => Promise<Answered>;

const RULE = { stream: 'stream/a', feeds: ['a'] };
const FAR = { id: '1', stream: 'a', destination: 'ws://127.0.0.1:9/' };

/** Sends `body` in place of the example. */
function sends(body: unknown, headers: Record<string, string> = {}): Make {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (operation, relay) => exchange(relay, operation, { body: text, headers });
}

/** Asks for another name than the example's. */
function asksFor(name: string): Make {
  return (operation, relay) => exchange(relay, { ...operation, path: operation.template.replace(/\{\w+\}/, name) });
}

/** Tries the example on a relay of its own. */
function on(
  options: Parameters<typeof TestRelay.start>[0],
  make: Make = (operation, relay) => exchange(relay, operation),
): Make {
  return async (operation) => make(operation, await TestRelay.start({ ...keyed, ...options }));
}

/** An upload that has the feed of the example. */
async function upload({ method, path }: Operation, relay: TestRelay): Promise<Wire> {
  const before = relay.relay.stats().feeds.video0?.packets ?? 0;
  const wire = new Wire(relay.port).write(
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  wire
    .write(`${(188).toString(16)}\r\n`)
    .write(packets(1))
    .write('\r\n');
  await until('it publishes', () => (relay.relay.stats().feeds.video0?.packets ?? 0) > before);
  return wire;
}

/** Sends the operation that deletes all mutes with a query; null: it is another one. */
function queried(operation: Operation, relay: TestRelay, query: string): Promise<Answered> | null {
  if (operation.path !== '/api/mutes/all' || operation.method !== 'DELETE') return null;
  return exchange(relay, { ...operation, path: `${operation.path}?${query}` });
}

/** Tries the example where the disk is full, and every rule is there, so that the example changes one. */
async function onFullDisk(operation: Operation): Promise<Answered> {
  const state = await StateFile.at(join(scratch(), 'rules'));
  state.write = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  const vw = await TestRelay.start({ ...keyed, state });
  vw.relay.setStream({ stream: 'stream/front', feeds: ['other'] });
  vw.relay.setDestination({ id: '0', stream: 'other', destination: 'ws://127.0.0.1:9/' });
  for (const feed of ['video0', 'all']) vw.relay.setMute({ feed, tracks: 'all' });
  return exchange(vw, operation);
}

/** How each error is made, by its code. */
const MAKE: Partial<Record<ErrorCode, Make>> = {
  ERR_BAD_JSON: sends('{"stream":'),
  ERR_BAD_REQUEST: sends('not gzip', { 'Content-Encoding': 'gzip' }),
  ERR_TOO_LARGE: sends('x'.repeat(70_000)),
  ERR_CONTENT_TYPE: sends('{}', { 'Content-Type': 'text/plain' }),
  ERR_BAD_STREAM_RULE: sends({ stream: 'stream/a' }),
  ERR_DUPLICATE_FEED: sends({ ...RULE, feeds: ['a', 'a#video'] }),
  ERR_BAD_TRIM: sends({ ...RULE, trimMs: { b: 1 } }),
  ERR_BAD_DESTINATION_RULE: sends({ ...FAR, id: 'all' }),
  ERR_BAD_URL: sends({ ...FAR, destination: 'ftp://127.0.0.1/' }),
  ERR_BAD_TOKEN: sends({ ...FAR, token: 'two words' }),
  ERR_TOKEN_REQUIRED: sends({ ...FAR, destination: 'https://127.0.0.1/session/a' }),
  ERR_BAD_MUTE: (operation, relay) =>
    queried(operation, relay, 'feeds=some') ?? sends({ tracks: 'colour' })(operation, relay),
  ERR_NOT_SAVED: onFullDisk,
  ERR_BAD_PATH: asksFor('%zz'),
  ERR_NOT_FOUND: (operation, relay) => queried(operation, relay, 'feeds=keep') ?? asksFor('nobody')(operation, relay),
  ERR_NO_SUCH_PATH: asksFor('nothing.js'),
  ERR_BAD_NAME: asksFor('a%20b'),
  ERR_BAD_FEED_NAME: asksFor('stream/a'),
  ERR_TOO_MANY_RULES: on({ limits: { maxRules: 0 } }),
  ERR_TOO_MANY_FEEDS: on({ limits: { maxFeeds: 0 } }, (operation, relay) => {
    // The example is of a stream, which is no feed.
    return operation.template === '/api/destinations' ? sends(FAR)(operation, relay) : exchange(relay, operation);
  }),
  ERR_TOO_MANY_CLIENTS: on({ limits: { maxClients: 0 } }, async (operation, relay) => {
    relay.relay.feed('video0');
    if (operation.id === 'watchEvents') await fillEvents(relay);
    return exchange(relay, operation);
  }),
  ERR_BAD_EVENT_TYPES: (operation, relay) => exchange(relay, { ...operation, path: `${operation.path}?types=rain` }),
  ERR_RESERVED: on({ commands: { url: 'ws://127.0.0.1:9/', token: null } }, asksFor('apiRule')),
  ERR_UPGRADE_REQUIRED: (operation, relay) => exchange(relay, operation, { headers: { Connection: '', Upgrade: '' } }),
  ERR_BAD_CHUNK: async ({ method, path }, relay) => {
    return answerOn(
      new Wire(relay.port).write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx`),
    );
  },
  ERR_TRANSFER_CODING: async ({ method, path }, relay) => {
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n`;
    return answerOn(new Wire(relay.port).write(head));
  },
  ERR_CONTENT_CODING: async ({ method, path }, relay) => {
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\n`;
    return answerOn(new Wire(relay.port).write(head));
  },
  ERR_SUPERSEDED: async (operation, relay) => {
    const first = await upload(operation, relay);
    const second = await upload(operation, relay);
    const answer = await answerOn(first);
    second.socket.destroy();
    return answer;
  },
  ERR_STOPPING: on({}, async (operation, relay) => {
    const wire = await upload(operation, relay);
    void relay.server.close();
    return answerOn(wire);
  }),
  ERR_PIPELINED: async ({ path }, relay) => {
    relay.relay.feed('video0');
    const get = (what: string) => `GET ${what} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\n\r\n`;
    const wire = new Wire(relay.port).write(get('/api/stats') + get(path));
    await until('both are answered', () => wire.heard.includes('ERR_PIPELINED'));
    wire.heard = wire.heard.slice(wire.heard.lastIndexOf('HTTP/1.1 '));
    return answerOn(wire);
  },
  ERR_ORIGIN: (operation, relay) => exchange(relay, operation, { headers: { Origin: 'https://elsewhere.example' } }),
  ERR_HOST: (operation, relay) => exchange(relay, operation, { headers: { Host: 'elsewhere.example' } }),
  ERR_KEY: (operation, relay) => asAStranger(operation, relay, ''),
  ERR_TOO_MANY_KEYS: async (operation) => {
    const relay = await TestRelay.start({ ...keyed, host: '0.0.0.0' });
    for (let i = 0; i < 10; i++) await asAStranger(operation, relay, 'Bearer wrong');
    return asAStranger(operation, relay, 'Bearer wrong');
  },
};

/** Has all the clients of events that there is room for. */
async function fillEvents(relay: TestRelay): Promise<void> {
  const head = `GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\n\r\n`;
  const clients = Array.from({ length: MAX_EVENT_CLIENTS }, () => new Wire(relay.port).write(head));
  await Promise.all(clients.map((client) => client.status()));
}

/** Asks with this key; from another address than loopback, whose uploads need none. */
function asAStranger(operation: Operation, relay: TestRelay, Authorization: string): Promise<Answered> {
  return exchange(relay, operation, { host: outerAddress(), headers: { Authorization } });
}

/** What may answer any request, by its code. */
const ANYWHERE: Partial<Record<ErrorCode, () => Promise<Answered>>> = {
  ERR_BAD_HTTP: async () => answerOn(new Wire((await TestRelay.start()).port).write('HELLO\r\n\r\n')),
  ERR_BAD_TARGET: () => get({ path: 'ws://localhost/api/stats' }),
  ERR_UNKNOWN_METHOD: () => get({ method: 'BREW' }),
  ERR_HTTP_VERSION: async () => answerOn(new Wire((await TestRelay.start()).port).write('GET / HTTP/2.0\r\n\r\n')),
  ERR_DUPLICATE_HOST: () => get({ headers: { 'Host: localhost\r\nhost': 'localhost' } }),
  ERR_METHOD: () => get({ method: 'DELETE' }),
  ERR_NO_SUCH_PATH: () => get({ path: '/api/nothing' }),
  ERR_TIMEOUT: async () => {
    const relay = await TestRelay.start({ headersTimeoutMs: 200 });
    const head = [
      'POST /api/streams HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 5',
    ];
    return answerOn(new Wire(relay.port).write(`${head.join('\r\n')}\r\n\r\n{`));
  },
  ERR_HEADERS: () => get({ headers: { 'X-Long': 'x'.repeat(17_000) } }),
  ERR_INTERNAL: async () => {
    const relay = await TestRelay.start();
    relay.relay.stats = () => {
      throw new Error('a fault of ours');
    };
    return exchange(relay, { method: 'GET', path: '/api/stats' });
  },
  ERR_TOO_MANY_CONNECTIONS: async () => {
    const relay = await TestRelay.start({ maxConnections: 1 });
    const first = new Wire(relay.port).write('GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('the first is answered', () => first.heard.includes('"ok"'));
    return exchange(relay, { method: 'GET', path: '/api/stats' });
  },
};

async function get({ method = 'GET', path = '/api/stats', headers = {} }: Partial<Get>): Promise<Answered> {
  return exchange(await TestRelay.start(), { method, path }, { headers });
}

interface Get {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

describe('errors of the API', () => {
  let relay: TestRelay;
  let document: Document;
  let complaint: (answer: Answered, status: number, code: string) => string;
  before(async () => {
    document = await openDocument(await TestRelay.start(keyed));
    const isValid = validator(document);
    complaint = (answer, status, code) => {
      if (answer.status !== status) return `answered ${answer.status} ${answer.text}`;
      if (!answer.type.startsWith('application/problem+json')) return `is ${answer.type}`;
      const { code: got } = answer.body as { code: string };
      return got === code ? isValid('/components/schemas/Problem', answer.body) : `is ${got}`;
    };
  });
  beforeEach(async () => {
    relay = await TestRelay.start({ ...keyed, host: '0.0.0.0' });
  });

  /** The errors of a response by their code. */
  function codesOf({ $ref, content = {} }: Response): string[] {
    if ($ref !== undefined) return codesOf(document.components.responses[$ref.split('/').pop()!]!);
    return Object.keys(content['application/problem+json']?.examples ?? {});
  }

  it('are got where they are documented, each with its status and code', async () => {
    const tried = new Set<string>();
    for (const operation of operationsOf(document)) {
      for (const [status, response] of Object.entries(operation.responses)) {
        if (status === 'default') continue;
        for (const code of codesOf(response)) {
          const make = MAKE[code as ErrorCode];
          expect(make, `how ${code} is made`).to.be.a('function');
          const what = `${operation.id} ${status} ${code}`;
          expect(complaint(await make!(operation, relay), Number(status), code), what).to.equal('');
          tried.add(code);
        }
      }
    }
    expect([...tried].sort(), 'each way to make one is tried').to.deep.equal(Object.keys(MAKE).sort());
  }).timeout(60_000);

  it('that may answer any request are got', async () => {
    const codes = codesOf(document.components.responses.Other!);
    expect(codes.sort()).to.deep.equal(Object.keys(ANYWHERE).sort());
    for (const code of codes as ErrorCode[]) {
      expect(complaint(await ANYWHERE[code]!(), ERRORS[code][0], code), code).to.equal('');
    }
  });

  it('are all in the document', () => {
    const told = [...Object.keys(MAKE), ...Object.keys(ANYWHERE)];
    expect(Object.keys(ERRORS).filter((code) => !told.includes(code))).to.deep.equal([]);
  });

  it('of the login are its page', async () => {
    const login = { method: 'POST', path: '/login', type: 'application/x-www-form-urlencoded' };
    const statuses = new Set<number>();
    for (let i = 0; i < 11; i++) {
      const { status, type } = await exchange(relay, login, { body: 'key=wrong' });
      expect(type).to.contain('text/html');
      statuses.add(status);
    }
    expect([...statuses]).to.deep.equal([401, 429]);
  });

  it('are a way to the login for a browser', async () => {
    const browser = { Authorization: '', Accept: 'text/html' };
    const others = operationsOf(document).filter(({ responses, success }) => '303' in responses && success[0] !== 303);
    expect(others.map(({ id }) => id)).to.include.members(['frontPage', 'playerPage']);
    for (const operation of others)
      expect((await exchange(relay, operation, { headers: browser })).status).to.equal(303);
  });
});

// Holds the API's document and the server together: every route, every example and every error of it is tried.

import { expect } from 'chai';
import fc from 'fast-check';
import { RelayOperations } from '../../../src/api/control/actions.js';
import { relayPages } from '../../../src/web/server/relay-pages.js';
import { createApp } from '../../../src/api/app.js';
import { KeyPolicy } from '../../../src/api/access/key-policy.js';
import { RuleStore } from '../../../src/state/rule-store.js';
import { HttpGuard } from '../../../src/http/request/http-guard.js';
import { EventStreams } from '../../../src/api/live/event-stream.js';
import { HttpViewers } from '../../../src/api/live/http-viewer.js';
import { UploadRefusals } from '../../../src/api/live/upload-refusals.js';
import { KeyGuard } from '../../../src/api/access/keys.js';
import { parseDestinationRule, parseStreamRule } from '../../../src/relay/rules/rules.js';
import { ClientLimit } from '../../../src/relay/delivery/client-limit.js';
import {
  type Document,
  exchange,
  KEY,
  keyed,
  openDocument,
  type Operation,
  operationsOf,
  validator,
} from '../../support/relay/document.js';
import { packets } from '../../support/mpegts/ts.js';
import { TestRelay } from '../../support/relay/relay.js';

/** What is sent that is not JSON. */
const BODIES: Readonly<Record<string, string | Uint8Array>> = {
  upload: packets(2),
  uploadByPut: packets(2),
  login: new URLSearchParams({ key: KEY }).toString(),
};

const PREPARED = ['setStream', 'setDestination', 'muteFeed'];

/** A relay in which everything is there that the examples name. */
async function prepared(document: Document): Promise<TestRelay> {
  const relay = await TestRelay.start({ apiKey: KEY });
  for (const operation of operationsOf(document).filter(({ id }) => PREPARED.includes(id))) {
    expect((await exchange(relay, operation)).status, operation.id).to.equal(200);
  }
  const upload = await exchange(relay, { method: 'PUT', path: '/ts/video0' }, { body: packets(2) });
  expect(upload.status).to.equal(200);
  return relay;
}

describe('GET /api/openapi.json', () => {
  let document: Document;
  let operations: Operation[];
  beforeEach(async () => {
    document = await openDocument(await TestRelay.start(keyed));
    operations = operationsOf(document);
  });

  it('has every route that there is, and no other', async () => {
    const { relay } = await TestRelay.start();
    const guard = new HttpGuard({ hosts: new Set(), origins: new Set() }, new KeyPolicy(null));
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const viewers = new HttpViewers(relay, new ClientLimit(1));
    const events = new EventStreams(relay.events);
    const [refusals, keys] = [new UploadRefusals(log), new KeyGuard(KEY)];
    const actions = new RelayOperations(relay, RuleStore.inMemory(null));
    const parts = {
      relay,
      actions,
      viewers,
      events,
      refusals,
      guard,
      keys,
      scheme: 'http:' as const,
      bodyTimeoutMs: 1000,
      log,
    };
    const app = createApp({ ...parts, pages: relayPages() });
    const stack = app.router.stack as unknown as Layer[];
    const there = stack.flatMap(({ route }) => {
      if (!route) return [];
      const path = route.path.replace(/\*(\w+)/, '{$1}');
      const methods = Object.keys(route.methods).filter((method) => method !== '_all');
      return methods.map((method) => `${method.toUpperCase()} ${path}`);
    });
    const told = operations.map(({ method, template }) => `${method} ${template}`);
    expect(told.sort()).to.deep.equal(there.sort());
    // What answers without being a route: the headers, the guard, and the 404 and errors at the end.
    expect(stack.filter(({ route }) => !route)).to.have.lengthOf(4);
  });

  it('is the same for a relay without a key, but for the login', async () => {
    const open = await openDocument(await TestRelay.start());
    const paths = Object.keys(open.paths);
    expect(Object.keys(document.paths).filter((path) => !paths.includes(path))).to.deep.equal(['/login', '/logout']);
    expect(open.security[0], 'a key is not wanted').to.deep.equal({});
  });

  it('has examples that its schemas accept, and schemas that are some', () => {
    const isValid = validator(document);
    for (const name of Object.keys(document.components.schemas)) isValid(`/components/schemas/${name}`, null);
    let examples = 0;
    for (const { pointer, content } of operations.flatMap(({ contents }) => contents)) {
      for (const [at, example] of content) {
        expect(isValid(`${pointer}/schema`, example), `${pointer} ${at}`).to.equal('');
        examples++;
      }
    }
    expect(examples).to.be.above(50);
  });

  it('names each operation once', () => {
    const ids = operations.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('says of names what the relay says', () => {
    // What a schema checks by code is written as a pattern into the document.
    const names = fc.oneof(
      fc.constantFrom(
        '',
        '/',
        'all',
        '/all',
        'api',
        'all/x',
        '.',
        '..',
        'a/..',
        '../a',
        'a/./b',
        '...',
        'a.',
        '//a',
        'stream',
      ),
      fc.constantFrom(
        'stream/a',
        '/stream/a',
        'stream/',
        'stream',
        'streams/a',
        'stream/all',
        'a#video',
        'a#sound',
        '#audio',
      ),
      fc.string({ unit: fc.constantFrom('a', 'B', '0', '.', '_', '-', '/', '#', ' ', 'ä', '\n', '%'), maxLength: 8 }),
      fc.nat({ max: 5 }).map((more) => 'x'.repeat(198 + more)),
    );
    const isValid = validator(document);
    const accepts = (parse: (body: unknown) => unknown, body: unknown) => {
      try {
        parse(body);
        return true;
      } catch {
        return false;
      }
    };
    const property = fc.property(names, (name) => {
      const rules: [string, (body: unknown) => unknown, unknown][] = [
        ['StreamRule', parseStreamRule, { stream: name, feeds: ['a'] }],
        ['StreamRule', parseStreamRule, { stream: 'stream/a', feeds: [name] }],
        ['DestinationRule', parseDestinationRule, { id: name, stream: 'a', destination: 'ws://a/' }],
        ['DestinationRule', parseDestinationRule, { id: 'a', stream: name, destination: 'ws://a/' }],
      ];
      for (const [schema, parse, body] of rules) {
        const told = isValid(`/components/schemas/${schema}`, body) === '';
        expect(told, JSON.stringify(body)).to.equal(accepts(parse, body));
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('has operations that do what it says', async () => {
    const isValid = validator(document);
    for (const operation of operations) {
      const relay = await prepared(document);
      const answer = await exchange(relay, operation, { body: BODIES[operation.id] ?? '' });
      const [status, response] = operation.success;
      expect(answer.status, operation.id).to.equal(status);
      const types = Object.keys(response.content ?? {});
      if (types.length > 0) expect(answer.type.split(';')[0], operation.id).to.be.oneOf(types);
      if (types[0] !== 'application/json') continue;
      const at = `${operation.pointer}/responses/${status}/content/application~1json`;
      expect(isValid(`${at}/schema`, answer.body), `${operation.id}: ${answer.text}`).to.equal('');
      const { example } = response.content!['application/json']!;
      if (example !== undefined) expect(answer.body, operation.id).to.deep.equal(example);
    }
  }).timeout(60_000);
});

describe('GET /api', () => {
  it('lists every path of the document, each with its methods', async () => {
    const relay = await TestRelay.start(keyed);
    const document = await openDocument(relay);
    const { body } = await exchange(relay, { method: 'GET', path: '/api' });
    const { links } = body as { links: { href: string; methods: string[]; name: string; summary: string }[] };
    const told = links.map(({ href, methods }) => [href, methods.map((method) => method.toLowerCase()).sort()]);
    const paths = Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item).sort()]);
    expect(told).to.have.deep.members(paths);
    expect(new Set(links.map(({ name }) => name)).size, 'names').to.equal(links.length);
  });
});

/** What express keeps of a route. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

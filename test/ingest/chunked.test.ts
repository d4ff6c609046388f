import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { ChunkedDecoder, ChunkedError } from '../../src/ingest/chunked.js';
import { afterTest } from '../support/cleanup.js';
import { cutAt } from '../support/ts.js';

/** What a body decodes to, and how it ended. */
function decode(pieces: readonly Buffer[]): { body: Buffer; end: 'done' | 'open' | 'bad' } {
  const decoder = new ChunkedDecoder();
  const out: Buffer[] = [];
  try {
    for (const piece of pieces) out.push(Buffer.from(decoder.push(Buffer.from(piece))));
  } catch (error) {
    if (!(error instanceof ChunkedError)) throw error;
    return { body: Buffer.concat(out), end: 'bad' };
  }
  return { body: Buffer.concat(out), end: decoder.isDone ? 'done' : 'open' };
}

function frame(chunks: readonly Uint8Array[], extension = '', trailer = ''): Buffer {
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...framed, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

const chunkList = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });

describe('ChunkedDecoder', () => {
  it('takes the framing off, however the bytes are cut', () => {
    fc.assert(
      fc.property(chunkList, fc.array(fc.nat(4000), { maxLength: 20 }), (chunks, cuts) => {
        const { body, end } = decode(cutAt(frame(chunks), cuts));
        expect(body.equals(Buffer.concat(chunks))).to.be.true;
        expect(end).to.equal('done');
      }),
      { numRuns: 500 },
    );
  });

  it('takes the framing off bytes that come one at a time', () => {
    const bytes = frame([Buffer.from('hello'), Buffer.alloc(20, 0x0d), Buffer.from('0\r\n\r\n')], ';a=b', 'X: y\r\n');
    const { body, end } = decode([...bytes].map((byte) => Buffer.from([byte])));
    expect(body.toString()).to.equal(`hello${'\r'.repeat(20)}0\r\n\r\n`);
    expect(end).to.equal('done');
  });

  it('passes over extensions and trailers', () => {
    const bytes = frame([Buffer.from('abc')], ';name="value";other', 'Expires: never\r\nX: y\r\n');
    expect(decode([bytes])).to.deep.equal({ body: Buffer.from('abc'), end: 'done' });
  });

  it('reads sizes in either case of digits', () => {
    const chunk = Buffer.alloc(0xab, 7);
    for (const size of ['ab', 'AB', '00aB']) {
      const bytes = Buffer.concat([Buffer.from(`${size}\r\n`), chunk, Buffer.from('\r\n0\r\n\r\n')]);
      expect(decode([bytes]).body.equals(chunk)).to.be.true;
    }
  });

  it('leaves what stands behind the body alone', () => {
    const decoder = new ChunkedDecoder();
    const body = decoder.push(Buffer.from('3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n'));
    expect(Buffer.from(body).toString()).to.equal('abc');
    expect(decoder.push(Buffer.from('5\r\nhello\r\n'))).to.have.length(0);
  });

  for (const [what, text] of [
    ['no size', '\r\nabc\r\n'],
    ['a size that is no number', 'xyz\r\nabc\r\n'],
    ['a negative size', '-3\r\nabc\r\n'],
    ['0x before a size', '0x3\r\nabc\r\n'],
    ['a size over 8 digits', '123456789\r\n'],
    ['a chunk longer than its size', '2\r\nabc\r\n'],
    ['a chunk shorter than its size', '4\r\nabc\r\n0\r\n\r\n'],
    ['a size line without LF', '3\rabc\r\n'],
    ['endless extensions', `3;${'x'.repeat(9000)}\r\nabc\r\n`],
    ['endless trailers', `0\r\n${'X: y\r\n'.repeat(2000)}`],
  ]) {
    it(`refuses ${what}`, () => {
      expect(decode([Buffer.from(text!)]).end).to.equal('bad');
    });
  }

  it('says the same of well-formed bodies as the parser of Node', async function () {
    this.timeout(30_000);
    const node = await NodeParser.start();
    const text = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    await fc.assert(
      fc.asyncProperty(
        chunkList,
        fc.option(text),
        fc.array(text, { maxLength: 3 }),
        fc.array(fc.nat(3000), { maxLength: 4 }),
        async (chunks, extension, trailers, cuts) => {
          const trailer = trailers.map((name) => `${name}: v\r\n`).join('');
          const bytes = frame(chunks, extension === null ? '' : `;${extension}=1`, trailer);
          expect(decode(cutAt(bytes, cuts))).to.deep.equal(await node.decode(bytes));
        },
      ),
      { numRuns: 60 },
    );
  });

  // Of extensions and trailers, which are thrown away, only the length is looked at.
  it('accepts no sizes and ends of chunks that the parser of Node refuses', async function () {
    this.timeout(30_000);
    const node = await NodeParser.start();
    const good = frame([Buffer.from('hello'), Buffer.from('wonderful world')]);
    const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.constantFrom(...Buffer.from('\r\n1fg-')) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const { at, byte } of changes) bytes[at] = byte;
        if (decode([bytes]).end === 'done') expect((await node.decode(bytes)).end).to.equal('done');
      }),
      { numRuns: 150 },
    );
  });
});

/** Node's own HTTP parser, asked over a socket. */
class NodeParser {
  private constructor(private readonly port: number) {}

  static async start(): Promise<NodeParser> {
    const server = createServer((request, response) => {
      const out: Buffer[] = [];
      request
        .on('data', (data: Buffer) => out.push(data))
        .on('end', () => response.end(Buffer.concat(out).toString('hex')));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterTest(() => {
      server.closeAllConnections();
      server.close();
    });
    return new NodeParser((server.address() as AddressInfo).port);
  }

  /** What Node makes of a chunked body; the connection is half-closed behind it, so a body is never left open. */
  async decode(bytes: Buffer): Promise<{ body: Buffer; end: 'done' | 'bad' }> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let heard = '';
    socket.on('data', (data: Buffer) => (heard += data.toString('latin1')));
    socket.end(
      Buffer.concat([
        Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'),
        bytes,
      ]),
    );
    await once(socket, 'close');
    if (!heard.startsWith('HTTP/1.1 200')) return { body: Buffer.alloc(0), end: 'bad' };
    const hex = heard.slice(heard.indexOf('\r\n\r\n') + 4).replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '');
    return {
      body: Buffer.from(/Transfer-Encoding/i.test(heard) ? hex : heard.slice(heard.indexOf('\r\n\r\n') + 4), 'hex'),
      end: 'done',
    };
  }
}

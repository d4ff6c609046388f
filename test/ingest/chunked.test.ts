import { expect } from 'chai';
import fc from 'fast-check';
import { ChunkedDecoder, ChunkedError } from '../../src/ingest/chunked.js';
import { NodeParser } from '../support/load/node-parser.js';
import { cutAt } from '../support/mpegts/ts.js';

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

/** How long a body is with its framing. */
function lengthOf(bytes: Buffer): number {
  const decoder = new ChunkedDecoder();
  let at = 0;
  while (!decoder.isDone) decoder.push(Buffer.from(bytes.subarray(at, ++at)));
  return at;
}

function frame(chunks: readonly Uint8Array[], extension = '', trailer = ''): Buffer {
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...framed, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

const UPLOAD = Buffer.from('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
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

  for (const [what, text] of [
    ['a size followed by a space', '3 \r\nabc\r\n'],
    ['a size followed by a tab', '3\t\r\nabc\r\n'],
    ['a size followed by words', '3 bytes\r\nabc\r\n'],
    ['an extension without a name', '3;\r\nabc\r\n'],
    ['a space before an extension', '3; a=b\r\nabc\r\n'],
    ['LF in an extension', '3;a\n\r\nabc\r\n'],
    ['NUL in an extension', '3;a\0\r\nabc\r\n'],
    ['a control character in a quoted extension', '3;a="\x01"\r\nabc\r\n'],
    ['a quoted extension without its end', '3;a="b\r\nabc\r\n'],
    ['a quoted extension with more behind it', '3;a="b"c\r\nabc\r\n'],
    ['an extension with two values', '3;a=b=c\r\nabc\r\n'],
    ['LF alone behind a size', '3\nabc\r\n'],
    ['LF alone behind a chunk', '3\r\nabc\n0\r\n\r\n'],
    ['a trailer without a colon', '0\r\nX\r\n\r\n'],
    ['a trailer without a name', '0\r\n: y\r\n\r\n'],
    ['a space before the colon of a trailer', '0\r\nX : y\r\n\r\n'],
    ['LF in a trailer', '0\r\nX: y\nZ: z\r\n\r\n'],
    ['NUL in a trailer', '0\r\nX: \0\r\n\r\n'],
    ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
    ['a length in a trailer', '0\r\nContent-Length: 5\r\n\r\n'],
    ['a coding in a trailer', '0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ]) {
    it(`refuses ${what}`, () => {
      expect(decode([Buffer.from(`${text!}0\r\n\r\n`, 'latin1')]).end).to.equal('bad');
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
          const { body, end } = decode(cutAt(bytes, cuts));
          expect(end).to.equal('done');
          expect(body.equals((await node.read(Buffer.concat([UPLOAD, bytes])))!.body)).to.be.true;
        },
      ),
      { numRuns: 60 },
    );
  });

  // Pieces of every state, put together at random and spoilt in up to two places by what a parser might mistake.
  it('accepts nothing that the parser of Node refuses', async function () {
    this.timeout(30_000);
    const node = await NodeParser.start();
    const size = fc.constantFrom(
      '5',
      '05',
      '0000005',
      'F',
      '0',
      '00',
      'ffffffff',
      '000000005',
      '5 ',
      '0x5',
      '-5',
      '+5',
      '',
    );
    const word = fc.constantFrom(
      'a',
      'a=b',
      'a="b"',
      'a="\\""',
      'a="\\\\"',
      'a="é\t"',
      'a=',
      '=b',
      'a =b',
      'a="b" ',
      '',
    );
    const field = fc.constantFrom(
      'X: y', 'X:', 'X:y\t', 'X: \xe9', 'X', ': y', 'X : y', ' y', 'Content-Length: 5', 'content-length:', 'Host: x',
      'Transfer-Encoding: chunked', 'Connection: close', 'Connection: Upgrade', 'Upgrade: h2c', 'X: "', 'X\xe9: y',
    ); // prettier-ignore
    const line = fc.tuple(size, fc.array(word, { maxLength: 2 }));
    const body = fc.tuple(fc.array(line, { maxLength: 3 }), fc.array(field, { maxLength: 2 }));
    const spoilers = Buffer.from('\r\n\0 \t;:="\\\x7f\x80\xff0fg\x01\x0b', 'latin1');
    const change = fc.tuple(fc.nat(), fc.constantFrom(...spoilers), fc.constantFrom('replace', 'insert', 'delete'));
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(body, fc.array(change, { maxLength: 2 }), async ([lines, fields], changes) => {
        const chunks = lines.map(([digits, message]) => {
          const length = Number.parseInt(digits, 16);
          const data = length > 0 && length < 100 ? 'x'.repeat(length) : 'hello';
          return `${[digits, ...message].join(';')}\r\n${data}\r\n`;
        });
        const text = `${chunks.join('')}0\r\n${fields.map((one) => `${one}\r\n`).join('')}\r\n`;
        let bytes = Buffer.from(text, 'latin1');
        for (const [where, byte, how] of changes) {
          const at = where % bytes.length;
          const rest = bytes.subarray(how === 'insert' ? at : at + 1);
          const put = how === 'delete' ? [] : [byte];
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), rest]);
        }
        const ours = decode([bytes]);
        if (ours.end !== 'done') return;
        accepted++;
        bytes = bytes.subarray(0, lengthOf(bytes)); // what stands behind the body is not part of it
        const theirs = await node.read(Buffer.concat([UPLOAD, bytes]));
        expect(theirs, `Node refuses ${JSON.stringify(bytes.toString('latin1'))}`).not.to.equal(null);
        expect(ours.body.equals(theirs!.body)).to.be.true;
      }),
      { numRuns: 3000 },
    );
    expect(accepted, 'bodies that were looked at').to.be.greaterThan(200);
  });
});

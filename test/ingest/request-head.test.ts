import { expect } from 'chai';
import fc from 'fast-check';
import { readUploadHead } from '../../src/ingest/request-head.js';
import { NodeParser } from '../support/load/node-parser.js';

const FFMPEG = [
  'POST /ts/video0 HTTP/1.1',
  'Transfer-Encoding: chunked',
  'User-Agent: Lavf/59.27.100',
  'Accept: */*',
  'Connection: close',
  'Host: localhost:8888',
  'Icy-MetaData: 1',
];

function head(lines: readonly string[], body = ''): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

describe('readUploadHead', () => {
  it("reads ffmpeg's request", () => {
    const read = readUploadHead(head(FFMPEG, 'bc\r\n'));
    expect(read).to.include({ method: 'POST', target: '/ts/video0', bytes: head(FFMPEG).length });
    expect(read!.headers.get('user-agent')).to.equal('Lavf/59.27.100');
  });

  const replaced = (line: number, text: string) => FFMPEG.map((old, i) => (i === line ? text : old));
  for (const [what, lines] of [
    ['another method', replaced(0, 'GET /ts/video0 HTTP/1.1')],
    ['HTTP/1.0', replaced(0, 'POST /ts/video0 HTTP/1.0')],
    ['an absolute target', replaced(0, 'POST http://x/ts/video0 HTTP/1.1')],
    ['a target with a space', replaced(0, 'POST /ts/video 0 HTTP/1.1')],
    ['no Host', FFMPEG.filter((line) => !line.startsWith('Host'))],
    ['a Content-Length', [...FFMPEG, 'Content-Length: 4']],
    ['Expect', [...FFMPEG, 'Expect: 100-continue']],
    ['Upgrade', [...FFMPEG, 'Upgrade: h2c']],
    ['a content coding', [...FFMPEG, 'Content-Encoding: gzip']],
    ['another transfer coding', replaced(1, 'Transfer-Encoding: gzip, chunked')],
    ['no transfer coding', replaced(1, 'X: y')],
    ['a field twice', [...FFMPEG, 'Host: other']],
    ['a folded field', [...FFMPEG, 'X: a', ' b']],
    ['a space before the colon', [...FFMPEG, 'X : a']],
    ['a control character', [...FFMPEG, 'X: a\u0001']],
    ['a tab behind the coding', replaced(1, 'Transfer-Encoding: chunked\t')],
    ['a bare LF', [...FFMPEG, 'X: a\nY: b']],
    ['a head over 16 KiB', [...FFMPEG, `X: ${'a'.repeat(17_000)}`]],
  ] as const) {
    it(`leaves ${what} to Node`, () => {
      expect(readUploadHead(head(lines))).to.be.null;
    });
  }

  it('leaves a head that is not there in whole to Node', () => {
    const bytes = head(FFMPEG);
    for (let length = 0; length < bytes.length; length++) expect(readUploadHead(bytes.subarray(0, length))).to.be.null;
  });

  for (const [what, line, value] of [
    ['no value', 'X:', ''],
    ['spaces only', `X:${' '.repeat(3000)}`, ''],
    ['spaces round a value', 'X:   a b  ', 'a b'],
    ['a colon in a value', 'X: a:b', 'a:b'],
  ] as const) {
    it(`reads a field with ${what}`, () => {
      expect(readUploadHead(head([...FFMPEG, line]))!.headers.get('x')).to.equal(value);
    });
  }

  it('takes nothing that the parser of Node refuses, and reads the same of it', async function () {
    this.timeout(30_000);
    const node = await NodeParser.start();
    const first = fc.constantFrom(
      ...['POST /ts/x HTTP/1.1', 'PUT /ts/x?y#z HTTP/1.1', 'POST  /ts/x HTTP/1.1', 'POST /ts/x  HTTP/1.1'],
      ...['POST /ts/x HTTP/1.1 ', 'POST /ts/x HTTP/1.2', 'POST\t/ts/x HTTP/1.1', 'POST /ts/"<>\\^`{|}#? HTTP/1.1'],
    );
    const field = fc.constantFrom(
      ...['X: y', 'X:', 'X:\ty ', 'X', ': y', 'X : y', ' X: y', 'X: \x7f', 'X: \xe9', 'X: a\x00', 'X\xe9: y', 'X(: y'],
      ...['Connection: close', 'Connection: keep-alive, Upgrade', 'Connection: ,', 'Host: y', 'Upgrade: h2c', 'X: "'],
      ...['Content-Length: 5', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip', 'Proxy-Connection: close'],
    );
    const coding = fc.constantFrom(
      'chunked',
      'Chunked',
      'chunked ',
      ' chunked',
      'chunked,',
      'chunked;q=1',
      '"chunked"',
    );
    const fields = fc.array(field, { maxLength: 2 });
    const spoilers = Buffer.from('\r\n\0 \t:;,/?#"\\\x7f\x80\xff0a\x01\x0b', 'latin1');
    const change = fc.tuple(fc.nat(), fc.constantFrom(...spoilers), fc.boolean());
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(first, fields, coding, fc.array(change, { maxLength: 1 }), async (line, more, te, changes) => {
        let bytes = head([line, 'Host: x', ...more, `Transfer-Encoding: ${te}`]);
        for (const [where, byte, isInsert] of changes) {
          const at = where % bytes.length;
          const rest = bytes.subarray(isInsert ? at : at + 1);
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), rest]);
        }
        const ours = readUploadHead(bytes);
        if (!ours) return;
        taken++;
        const theirs = await node.read(
          Buffer.concat([bytes.subarray(0, ours.bytes), Buffer.from('1\r\na\r\n0\r\n\r\n')]),
        );
        expect(theirs, `Node refuses ${JSON.stringify(bytes.toString('latin1'))}`).not.to.equal(null);
        expect(theirs).to.deep.equal({ target: ours.target, body: Buffer.from('a') });
      }),
      { numRuns: 10_000 },
    );
    expect(taken, 'heads that were looked at').to.be.greaterThan(100);
  });
});

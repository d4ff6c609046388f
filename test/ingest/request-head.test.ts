import { expect } from 'chai';
import { readUploadHead } from '../../src/ingest/request-head.js';

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
});

// Which certificates a server takes, at its start and when the files change: never less than it needs.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readCertificate } from '../../../src/http/connection/certificate.js';
import { certificatesIn } from '../../../src/http/connection/pem.js';
import { certificateFor, testAuthority } from '../../support/relay/certificates.js';
import { scratch } from '../../support/media/ffmpeg.js';

describe('readCertificate', () => {
  it('takes a certificate and its key, with what else is in the files', async () => {
    const { cert, key } = await certificateFor(['localhost']);
    const { cert: authority } = await testAuthority();
    const pair = files(`of the board\n${cert}\n${authority}`, `\n${key}`);
    expect(readCertificate(pair).key).to.contain(key);
  });

  it('refuses files that are empty, half there, or of something else', async () => {
    const [{ cert, key }, other] = [await certificateFor(['localhost']), await certificateFor(['localhost'])];
    for (const [what, ours, its] of [
      ['both empty', '', ''],
      ['an empty certificate', '', key],
      ['an empty key', cert, ''],
      ['half a certificate', cert.slice(0, 200), key],
      ['half a key', cert, key.slice(0, 100)],
      ['the key twice', key, key],
      ['the certificate twice', cert, cert],
      ['spaces', '\n', '\n'],
      ['the key of another', cert, other.key],
    ] as const) {
      expect(() => readCertificate(files(ours, its)), what).to.throw();
    }
  });
});

describe('certificatesIn', () => {
  it('finds all that are there, and refuses none and what cannot be read', async () => {
    const { cert } = await testAuthority();
    const { cert: second } = await certificateFor(['localhost']);
    const found = certificatesIn(`subject=x\n${cert}\nsubject=y\r\n${second}`);
    expect(found.map((one) => one.trim())).to.deep.equal([cert.trim(), second.trim()]);
    for (const text of ['', 'x', cert.replace('BEGIN', 'END')]) {
      expect(() => certificatesIn(text), text).to.throw('no certificate');
    }
    for (const text of [
      cert.slice(0, 200),
      cert.replace(/\n[A-Za-z0-9+/]{20}/, '\n'),
      `${cert}-----BEGIN CERTIFICATE-----\nxx`,
    ]) {
      expect(() => certificatesIn(text), text).to.throw('cannot be read');
    }
  });
});

function files(cert: string, key: string): { cert: string; key: string } {
  const folder = scratch();
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key);
  return paths;
}

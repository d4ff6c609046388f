// The server by TLS: its certificate is read again when the files change, and no client is disconnected.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { certificateFor, testAuthority } from '../support/relay/certificates.js';
import { afterTest } from '../support/cleanup.js';
import { scratch } from '../support/media/ffmpeg.js';
import { TestServe } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

/** The name in the certificate that is shown now. */
function shownName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const { subject } = socket.getPeerCertificate();
      resolve(String(subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
    afterTest(() => socket.destroy());
  });
}

describe('a server of ours by TLS', () => {
  it('takes a new certificate from its files, and drops nobody', async function () {
    this.timeout(20_000); // the files are looked at every 2 s
    const folder = scratch();
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const put = async (name: string) => {
      const { cert, key } = await certificateFor([name, '127.0.0.1']);
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
    };
    await put('first.example');
    const serve = await TestServe.start({ certificate: files });
    const { cert: ca } = await testAuthority();
    const [viewer, publisher] = [await serve.member('/out/x', { ca }), await serve.member('/in/x', { ca })];
    expect(await shownName(serve.port)).to.equal('first.example');
    await put('second.example');
    await until('the new one is shown', async () => (await shownName(serve.port)) === 'second.example');
    publisher.socket.send('still here');
    await viewer.hears(1);
    const later = await serve.member('/out/x', { ca });
    publisher.socket.send(Buffer.alloc(200_000, 1));
    await Promise.all([viewer.hears(2), later.hears(1)]);
    expect(later.heard[0]!.data.equals(Buffer.alloc(200_000, 1))).to.equal(true);
    writeFileSync(files.key, 'half a key');
    await until('a bad one is told of', () =>
      serve.log.lines.some(({ message }) => message === 'new certificate cannot be used; keeping the old one'),
    );
    expect(await shownName(serve.port)).to.equal('second.example');
  });

  it('gives access to a WebSocket by TLS', async () => {
    const folder = scratch();
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const pair = await certificateFor(['127.0.0.1']);
    writeFileSync(files.cert, pair.cert);
    writeFileSync(files.key, pair.key);
    const serve = await TestServe.start({ certificate: files });
    expect(serve.url).to.match(/^https:/);
    expect(serve.audience).to.match(/^wss:/);
    const { cert: ca } = await testAuthority();
    const messages = Array.from({ length: 20 }, (_, i) => Buffer.alloc(30_000, i));
    const [one, two] = [await serve.member('/out/x', { ca }), await serve.member('/out/x', { ca })];
    const publisher = await serve.member('/in/x', { ca });
    for (const message of messages) publisher.socket.send(message);
    for (const viewer of [one, two]) {
      await viewer.hears(20);
      expect(viewer.heard.every(({ data }, i) => data.equals(messages[i]!))).to.equal(true);
    }
  });
});

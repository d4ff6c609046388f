// `vw stream` as a program: what it refuses, its warning, whom it trusts, and what its log does not hold.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { certificateFor, testAuthority } from '../support/relay/certificates.js';
import { type Pair, startCrossbar, startPractable } from '../support/relay/endpoints.js';
import { runProgram, startProgram } from '../support/programs/command.js';
import { scratch } from '../support/media/ffmpeg.js';

function put(folder: string, { cert, key }: Pair): { cert: string; key: string } {
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

describe('vw stream', () => {
  it('ends with 2 at a certificate that does not fit its key, half a pair, and a bad proxy', async () => {
    const folder = scratch();
    const files = put(folder, { cert: (await certificateFor(['a'])).cert, key: (await certificateFor(['b'])).key });
    const cases = [
      { VW_CERT: files.cert, VW_KEY: files.key },
      { VW_CERT: files.cert },
      { VW_PORT: '0', HTTPS_PROXY: 'socks5://lab:pass-w0rd@proxy' },
    ];
    const programs = cases.map((env) => runProgram([], env));
    for (const program of programs) {
      expect(await program.ended(), program.said).to.equal(2);
      expect(program.said).to.contain('accepted:').and.not.contain('pass-w0rd');
    }
  });

  it('warns once where it is open to others without a key, and only there', async () => {
    const open = /anyone who can reach this address/g;
    const [wide, guarded, local] = await Promise.all([
      startProgram({ VW_HOST: '0.0.0.0' }),
      startProgram({ VW_HOST: '0.0.0.0', VW_API_KEY: 'a-key' }),
      startProgram(),
    ]);
    expect(wide.said.match(open)).to.have.length(1);
    expect(guarded.said + local.said).not.to.match(open);
  });

  it('trusts the authorities in VW_CA beside the usual ones', async () => {
    const ca = join(scratch(), 'ca.pem');
    writeFileSync(ca, (await testAuthority()).cert);
    const endpoint = await startCrossbar({ good: ['t'], reason: '' }, '127.0.0.1', await certificateFor(['127.0.0.1']));
    const api = { VW_API: `wss://127.0.0.1:${endpoint.port}/bi/board`, VW_API_TOKEN: 't' };
    const [trusts, doubts] = await Promise.all([startProgram({ ...api, VW_CA: ca }), startProgram(api)]);
    await trusts.says(/link open/);
    await doubts.says(/certificate is not trusted/);
  });

  it('shows no token, code or key in all that it says, at debug', async () => {
    const good = await startCrossbar({ good: ['token-one'], reason: '' });
    const bad = await startCrossbar({ good: [], reason: 'no: token-two' });
    const practable = await startPractable('token-three');
    const program = await startProgram({
      VW_LOG_LEVEL: 'debug',
      VW_API_KEY: 'key-four',
      VW_API: `ws://127.0.0.1:${good.port}/bi/board?secret=query-five`,
      VW_API_TOKEN: 'token-one',
      VW_BACKOFF_MIN_MS: '50',
    });
    const post = (body: string) =>
      fetch(`http://127.0.0.1:${program.port}/api/destinations`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: 'Bearer key-four' },
        body,
      }).then((response) => response.text());
    const rule = (id: string, destination: string, token: string) =>
      JSON.stringify({ id, stream: 'x', destination, token });
    let told = await post(rule('0', `ws://127.0.0.1:${bad.port}/in/x`, 'token-two'));
    told += await post(rule('1', practable.url, 'token-three'));
    told += await post(rule('2', 'nonsense', 'token-six'));
    told += await post('{"id":"3","token": token-six}');
    await Promise.all([good.visited(1), bad.visited(2), practable.server.visited(1)]);
    await program.says(/rejected the token/);
    program.child.kill('SIGTERM');
    await program.ended();
    const secrets = [
      'token-one',
      'token-two',
      'token-three',
      'key-four',
      'query-five',
      'token-six',
      ...practable.codes,
    ];
    for (const secret of secrets) expect(program.said + told).not.to.contain(secret);
  });
});

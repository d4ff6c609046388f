// A relay server on a board without a battery: it starts in the year 2000, and its clock is set while links are open. The clock
// is libfaketime's, read from a file; the monotonic one goes on as it is.

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { Program } from '../support/programs/program.js';
import { SECRET } from '../support/relay/serve.js';
import { until } from '../support/wait.js';

const AUDIENCE = 'wss://relay.example.org';
const HOUR_MS = 3_600_000;
const STARTS_AT = Date.UTC(2000, 0, 1);
const CORRECTED_AT = Date.UTC(2026, 6, 1);

/** The library that Debian's package `faketime` installs, in a folder named after the processor. */
function library(): string {
  const paths = readdirSync('/usr/lib').map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`);
  const found = paths.find((path) => existsSync(path));
  if (!found) throw new Error('this test needs libfaketime: scripts/test-setup installs it');
  return found;
}

function token(expiresAtMs: number): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { topic: 'a', prefix: 'session', scopes: ['read', 'write'], aud: AUDIENCE, exp: expiresAtMs / 1000 };
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`;
}

describe('a clock that is corrected while links are open', function () {
  this.timeout(120_000);

  it('closes those whose token has expired by then within a minute, and leaves the others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vw-clock-'));
    afterTest(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'clock');
    const setClock = (ms: number) =>
      writeFileSync(file, `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}\n`);
    setClock(STARTS_AT);
    const serve = await Program.serve({
      ...{ VW_SERVE_SECRET: SECRET, VW_SERVE_AUDIENCE: AUDIENCE, TZ: 'UTC' },
      ...{ LD_PRELOAD: library(), FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' },
      ...{ FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' },
    });
    expect(String(serve.line('listening')!.timestamp), 'it starts in the past').to.match(/^2000-01-01/);

    const links = await Promise.all(
      [
        ['/out/a', CORRECTED_AT - HOUR_MS],
        ['/in/a', CORRECTED_AT - HOUR_MS],
        ['/out/a', CORRECTED_AT + HOUR_MS],
      ].map(async ([path, expiresAtMs]) => {
        const socket = new WebSocket(`ws://127.0.0.1:${serve.port}${path}`);
        afterTest(() => socket.terminate());
        const closed: string[] = [];
        socket.on('close', (code, reason) => closed.push(`${code} ${reason.toString()}`));
        await once(socket, 'open');
        socket.send(token(Number(expiresAtMs)));
        const [answer] = (await once(socket, 'message')) as [Buffer];
        expect(JSON.parse(answer.toString())).to.include({ authorised: true });
        return closed;
      }),
    );
    setClock(CORRECTED_AT);
    const expired = ['1008 the token has expired'];
    await until('the first two are closed', () => links.slice(0, 2).every(({ length }) => length > 0), 60_000);
    expect(links).to.deep.equal([expired, expired, []]);
  });
});

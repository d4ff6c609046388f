// Which names and origins are the relay's own.

import { hostname } from 'node:os';
import { expect } from 'chai';
import { hostnameOf, isOwnHost, isOwnOrigin } from '../../../src/http/request/hosts.js';

const allowed = { hosts: new Set(['board.lab.example']), origins: new Set(['https://lab.example']) };
const own = hostname().toLowerCase();

describe('isOwnHost', () => {
  const good = [
    'localhost',
    'LOCALHOST:8888',
    'a.localhost',
    '127.0.0.1:8888',
    '10.0.0.7',
    '[::1]:8888',
    '[fd00::2]',
    own,
    `${own.toUpperCase()}:8888`,
    `${own.split('.')[0]!}.local`,
    'board.lab.example:443',
  ];
  for (const host of good) it(`takes ${host}`, () => expect(isOwnHost(host, allowed)).to.equal(true));
  const bad = [
    undefined,
    '',
    ':8888',
    'evil.example',
    `${own}.evil.example`,
    `evil-${own}`,
    'sub.board.lab.example',
    'lab.example',
    '127.0.0.1.evil.example',
    '127.0.0.1:8888:1',
    '::1',
    '[::1].evil.example',
    'localhost/evil',
    'localhost evil.example',
    'localhost,evil.example',
    '2130706433',
    '0x7f.1',
  ];
  for (const host of bad) it(`refuses ${String(host)}`, () => expect(isOwnHost(host, allowed)).to.equal(false));
});

describe('isOwnOrigin', () => {
  const at = { host: '10.0.0.7:8888', scheme: 'http:' } as const;
  const good = [
    undefined,
    'http://localhost:3000',
    'https://127.0.0.1',
    'http://10.0.0.7:8888',
    `http://${own}:8888`,
    'https://lab.example',
  ];
  for (const origin of good)
    it(`takes ${String(origin)}`, () => expect(isOwnOrigin(origin, at, allowed)).to.equal(true));
  const bad = [
    'null',
    '',
    'http://10.0.0.8',
    'http://evil.example',
    'https://lab.example:444',
    'http://lab.example',
    'ws://localhost',
    'data:text/html,x',
    'board.lab.example',
    'http://board.lab.example:8888',
  ];
  for (const origin of bad) it(`refuses "${origin}"`, () => expect(isOwnOrigin(origin, at, allowed)).to.equal(false));

  // A page that the relay sent itself, under a name in VW_ALLOWED_HOSTS.
  for (const [origin, host, scheme] of [
    ['http://board.lab.example:8888', 'board.lab.example:8888', 'http:'],
    ['http://board.lab.example', 'board.lab.example', 'http:'],
    ['http://board.lab.example', 'board.lab.example:80', 'http:'],
    ['http://board.lab.example:8888', 'Board.Lab.Example:8888', 'http:'],
    ['https://board.lab.example:8888', 'board.lab.example:8888', 'https:'],
    ['https://board.lab.example', 'board.lab.example', 'https:'],
    ['https://board.lab.example', 'board.lab.example:443', 'https:'],
    // A proxy before the relay has the certificate.
    ['https://board.lab.example', 'board.lab.example', 'http:'],
    ['https://board.lab.example', 'board.lab.example:443', 'http:'],
    ['https://board.lab.example:8443', 'board.lab.example:8443', 'http:'],
  ] as const)
    it(`takes ${origin} at ${scheme}//${host}`, () =>
      expect(isOwnOrigin(origin, { host, scheme }, allowed)).to.equal(true));
  for (const [origin, host, scheme] of [
    ['http://board.lab.example', 'board.lab.example:8888', 'http:'],
    ['http://board.lab.example:8889', 'board.lab.example:8888', 'http:'],
    ['http://board.lab.example:443', 'board.lab.example', 'http:'],
    ['http://board.lab.example', 'board.lab.example:443', 'http:'],
    ['http://board.lab.example', 'board.lab.example', 'https:'],
    ['http://board.lab.example:8888', 'board.lab.example:8888', 'https:'],
    ['http://sub.board.lab.example:8888', 'board.lab.example:8888', 'http:'],
    ['http://evil.example:8888', 'board.lab.example:8888', 'http:'],
    // A name that was made to point here: both say it, and it is not ours.
    ['http://evil.example:8888', 'evil.example:8888', 'http:'],
    ['http://lab.example:8888', 'lab.example:8888', 'http:'],
    ['http://board.lab.example:8888', undefined, 'http:'],
  ] as const)
    it(`refuses ${origin} at ${scheme}//${String(host)}`, () =>
      expect(isOwnOrigin(origin, { host, scheme }, allowed)).to.equal(false));
});

describe('hostnameOf', () => {
  it('reads the name without port and brackets', () => {
    expect(hostnameOf('[FD00::2]:80')).to.equal('fd00::2');
    expect(hostnameOf('A.b:1')).to.equal('a.b');
    expect(hostnameOf('a:b')).to.equal(null);
  });
});

// Which names and origins are the relay's own.

import { hostname } from 'node:os';
import { expect } from 'chai';
import { hostnameOf, isOwnHost, isOwnOrigin } from '../../src/http/hosts.js';

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
  const at = '10.0.0.7:8888';
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
  ];
  for (const origin of bad) it(`refuses "${origin}"`, () => expect(isOwnOrigin(origin, at, allowed)).to.equal(false));
});

describe('hostnameOf', () => {
  it('reads the name without port and brackets', () => {
    expect(hostnameOf('[FD00::2]:80')).to.equal('fd00::2');
    expect(hostnameOf('A.b:1')).to.equal('a.b');
    expect(hostnameOf('a:b')).to.equal(null);
  });
});

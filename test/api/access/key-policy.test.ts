// What the key guards.

import { expect } from 'chai';
import { KeyPolicy } from '../../../src/api/access/key-policy.js';
import { KeyGuard } from '../../../src/api/access/keys.js';
import { HttpGuard } from '../../../src/http/request/http-guard.js';

const KEY = 'p@ss/w:rd%41+ü'.replace('ü', '~');

describe('KeyPolicy', () => {
  const guard = new HttpGuard({ hosts: new Set(), origins: new Set() }, new KeyPolicy(new KeyGuard(KEY)));
  const admitting = (method: string, path: string, address: string) => () =>
    guard.admit({
      method,
      path,
      host: 'localhost',
      scheme: 'http:',
      origin: undefined,
      authorization: undefined,
      cookie: undefined,
      address,
    });

  it('lets uploads from loopback in without the key, and nothing but uploads', () => {
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
      expect(admitting('POST', '/ts/x', address)).not.to.throw();
      expect(admitting('PUT', '/ts/x', address)).not.to.throw();
      for (const path of ['/TS/x', '/ts', '/tsx', '/api/stats', '/ws/x', '/', '/login/', '/metrics'])
        expect(admitting('POST', path, address), path).to.throw(/key/);
      expect(admitting('GET', '/ts/x', address)).to.throw(/key/);
    }
    for (const address of ['192.168.1.7', '', '127.0.0.1.evil', '::ffff:10.0.0.1', 'fe80::1'])
      expect(admitting('POST', '/ts/x', address), address).to.throw(/key/);
  });
});

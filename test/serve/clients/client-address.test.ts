// More cases, over HTTP too: test/serve/topic-policy.test.ts.

import { BlockList, isIP } from 'node:net';
import { expect } from 'chai';
import { isAddressRange } from '../../../src/address-range.js';
import { TrustedProxies } from '../../../src/serve/clients/client-address.js';
import { seeded } from '../../support/random.js';

describe('trusted proxies', () => {
  it("are those in the ranges, as Node's BlockList has them, whatever the spelling", () => {
    const random = seeded('trusted proxies');
    const pick = <T>(all: readonly T[]): T => all[random.integer(all.length)]!;
    const v4 = () => `${pick(['0', '10', '127', '128', '255'])}.${pick(['0', '1'])}.0.${pick(['0', '1', '2'])}`;
    const plain = ['::', '::1', 'fd00::1', 'FD12:3::4', '2001:db8::1', 'fe80::1%eth0', '::ffff:a00:1', '::ffff:1'];
    const v6 = () => pick([...plain, `::ffff:${v4()}`, `0:0:0:0:0:ffff:${v4()}`, `64:ff9b::${v4()}`, `::${v4()}`]);
    const address = () => (random.number() < 0.5 ? v4() : v6());
    const bits = [0, 1, 8, 10, 64, 80, 81, 95, 96, 104, 120, 128];
    const range = () => (random.number() < 0.5 ? `${v4()}/${pick([0, 1, 8, 24, 32])}` : `${v6()}/${pick(bits)}`);
    let found = 0;
    for (let i = 0; i < 5000; i++) {
      const ranges = Array.from({ length: 1 + random.integer(3) }, () => pick([address, range])());
      const list = new BlockList();
      for (const one of ranges) {
        expect(isAddressRange(one), one).to.equal(true);
        const [base, prefix] = one.split('/') as [string, string?];
        const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
        if (prefix === undefined) list.addAddress(base, family);
        else list.addSubnet(base, Number(prefix), family);
      }
      const one = address();
      const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(one)?.[1];
      const isIn = list.check(mapped ?? one, isIP(mapped ?? one) === 4 ? 'ipv4' : 'ipv6');
      expect(new TrustedProxies(ranges).has(one), `${one} in ${ranges.join()}`).to.equal(isIn);
      if (isIn) found++;
    }
    expect(found).to.be.within(500, 4500);
  });

  it('are not what is no address, whatever a lenient parser makes of it', () => {
    const proxies = new TrustedProxies(['0.0.0.0/0', '::/0']);
    for (const text of ['', '-', '10.1', '0x0a.0.0.1', '010.0.0.1', '167772161', 'loopback', 'localhost', '10.0.0.1/8'])
      expect(proxies.has(text), text).to.equal(false);
    expect([proxies.has('192.0.2.1'), proxies.has('2001:db8::1')]).to.deep.equal([true, true]);
    expect(new TrustedProxies([]).has('127.0.0.1')).to.equal(false);
  });

  it('that report something else than an address are the clients themselves', () => {
    const proxies = new TrustedProxies(['10.0.0.0/8']);
    const fields = ['', ',', 'unknown', '_hidden', '198.51.100.1,', '198.51.100.1, ', '198.51.100.1,\t', '0x0a.0.0.1'];
    for (const field of fields) expect(proxies.clientOf('10.1.2.3', field), JSON.stringify(field)).to.equal('10.1.2.3');
    expect(proxies.clientOf('10.1.2.3', '198.51.100.1, unknown, 10.9.9.9')).to.equal('10.9.9.9');
    expect(proxies.clientOf('10.1.2.3', '198.51.100.1,, 10.9.9.9:80')).to.equal('10.9.9.9');
    expect(proxies.clientOf('10.1.2.3', 'FE80::1%eth0 , [::ffff:10.9.9.9]:80')).to.equal('FE80::1%eth0');
    expect(proxies.clientOf('', '198.51.100.1')).to.equal('');
  });
});

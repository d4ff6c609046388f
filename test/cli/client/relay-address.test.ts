import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { relayAddress } from '../../../src/cli/client/relay-address.js';
import { ConfigError } from '../../../src/config/read-settings.js';
import { certificateFor } from '../../support/relay/certificates.js';
import { scratch } from '../../support/media/ffmpeg.js';

const urlOf = (options: Record<string, string>, env: Record<string, string> = {}) => relayAddress(options, env).url;

describe('relayAddress', () => {
  it('is where this machine would start its relay', () => {
    expect(urlOf({})).to.equal('http://127.0.0.1:8888');
    expect(urlOf({}, { VW_PORT: '9000', VW_HOST: '0.0.0.0' })).to.equal('http://127.0.0.1:9000');
    expect(urlOf({}, { VW_HOST: '::' })).to.equal('http://[::1]:8888');
    expect(urlOf({}, { VW_HOST: '192.168.1.20' })).to.equal('http://192.168.1.20:8888');
  });

  it('is what is named: the option over VW_URL over the rest', () => {
    const env = { VW_URL: 'https://board.lab.example', VW_PORT: '9000' };
    expect(urlOf({}, env)).to.equal('https://board.lab.example');
    expect(urlOf({ url: 'http://10.0.0.7:8888/' }, env)).to.equal('http://10.0.0.7:8888');
    expect(urlOf({ url: 'https://lab.example/board1/' })).to.equal('https://lab.example/board1');
  });

  it('may be named without http://', () => {
    expect(urlOf({ url: '192.168.1.20:8888' })).to.equal('http://192.168.1.20:8888');
    expect(urlOf({ url: 'localhost:8888' })).to.equal('http://localhost:8888');
    expect(urlOf({ url: 'board' })).to.equal('http://board');
  });

  it('does not care for settings that it does not use', () => {
    expect(urlOf({ url: 'board' }, { VW_PORT: 'x', VW_CERT: '/nowhere.pem' })).to.equal('http://board');
  });

  for (const [options, env, said] of [
    [{ url: 'ws://board' }, {}, '--url="ws://board" cannot be used; accepted: http://host[:port]'],
    [{ url: 'http://me:secret@board' }, {}, '--api-key or VW_API_KEY'],
    [{ url: 'http://board/?key=x' }, {}, 'accepted: http://host'],
    [{ url: 'http://' }, {}, 'accepted: http://host'],
    [{}, { VW_URL: 'a b' }, 'VW_URL="a b" cannot be used'],
    [{}, { VW_PORT: '0' }, 'VW_PORT=0 is any free port; accepted: --url'],
    [{}, { VW_PORT: 'x' }, 'VW_PORT="x" cannot be used'],
    [{ ca: '/nowhere.pem' }, {}, 'a PEM file that exists'],
    [{ ca: '/etc/hostname' }, {}, 'contains no certificate'],
    [{ 'api-key': 'a b' }, {}, '--api-key=(secret) cannot be used'],
  ] as [Record<string, string>, Record<string, string>, string][]) {
    it(`refuses ${JSON.stringify({ ...options, ...env })}`, () => {
      expect(() => relayAddress(options, env)).to.throw(ConfigError, said);
    });
  }

  it('takes the key and the authority from options and variables', () => {
    expect(relayAddress({}, { VW_API_KEY: 'k1' }).key).to.equal('k1');
    expect(relayAddress({ 'api-key': 'k2' }, { VW_API_KEY: 'k1' }).key).to.equal('k2');
    expect(relayAddress({}, {})).to.deep.include({ key: null, ca: null, isPinned: false });
  });

  it("trusts this machine's own certificate, and nothing else, where VW_CERT is set", async () => {
    const { cert } = await certificateFor(['board.lab.example']);
    const path = join(scratch(), 'cert.pem');
    writeFileSync(path, cert + cert);
    const found = relayAddress({}, { VW_CERT: path });
    expect([found.url, found.isPinned]).to.deep.equal(['https://127.0.0.1:8888', true]);
    expect(found.ca).to.deep.equal([cert.trim()]);
  });
});

// Endpoints by TLS: who is trusted.

import { expect } from 'chai';
import { certificateFor, testAuthority } from '../support/relay/certificates.js';
import { EndpointServer, startPractable } from '../support/relay/endpoints.js';
import { until } from '../support/wait.js';
import { TestRelay } from '../support/relay/relay.js';

describe('an endpoint by TLS', () => {
  it('of an unknown authority is refused, with a hint at VW_CA', async () => {
    const endpoint = await EndpointServer.start('127.0.0.1', await certificateFor(['127.0.0.1']));
    const relay = await TestRelay.start();
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await relay.failsWith(/certificate is not trusted.*VW_CA/);
    expect(endpoint.visits).to.have.length(0);
  });

  it('of an authority in VW_CA is reached, by wss and by access request', async () => {
    const { cert: ca } = await testAuthority();
    const pair = await certificateFor(['127.0.0.1']);
    const endpoint = await EndpointServer.start('127.0.0.1', pair);
    const practable = await startPractable('a-token', '127.0.0.1', pair);
    const relay = await TestRelay.start({ ca });
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await relay.send({ id: '1', destination: practable.url, token: 'a-token' });
    await relay.isOpen();
    await relay.isOpen('1');
    await until('the code was shown', () => practable.codes.some((code) => practable.server.visit?.url.includes(code)));
  });

  it('of an unknown authority is not shown the token', async () => {
    const practable = await startPractable('a-token', '127.0.0.1', await certificateFor(['127.0.0.1']));
    const relay = await TestRelay.start();
    await relay.send({ destination: practable.url, token: 'a-token' });
    await relay.failsWith(/certificate is not trusted/);
    expect(practable.asked).to.deep.equal([]);
  });

  it('with a certificate for another name is refused', async () => {
    const { cert: ca } = await testAuthority();
    const endpoint = await EndpointServer.start('127.0.0.1', await certificateFor(['relay.example']));
    const relay = await TestRelay.start({ ca });
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await relay.failsWith(/certificate is for another name/);
  });

  it('with an expired certificate is refused', async () => {
    const { cert: ca } = await testAuthority();
    const endpoint = await EndpointServer.start('127.0.0.1', await certificateFor(['127.0.0.1'], -1));
    const relay = await TestRelay.start({ ca });
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await relay.failsWith(/certificate has expired/);
  });

  it('that does not speak TLS is reported as such', async () => {
    const endpoint = await EndpointServer.start();
    const relay = await TestRelay.start();
    await relay.send({ destination: `wss://127.0.0.1:${endpoint.port}/in/x` });
    await relay.failsWith(/does not speak TLS|wrong version number/);
  });
});

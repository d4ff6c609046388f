// Requests that come by the thousand in one go: answered all and in order, a few in each turn of the event loop, and no more
// are read meanwhile.

import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { createBareServer, passToNode, listen } from '../../../src/http/connection/bare-server.js';
import { inTurns } from '../../../src/http/connection/request-turns.js';
import { Turns } from '../../../src/fairness/turns.js';
import { afterTest } from '../../support/cleanup.js';
import { until } from '../../support/wait.js';
import { Wire } from '../../support/relay/wire.js';

describe('requests that are sent before the ones ahead are answered', () => {
  for (const body of ['', 'hello']) {
    it(`are answered in turns, whole and in order, ${body === '' ? 'without' : 'with'} a body`, async () => {
      let waiting = 0;
      let most = 0;
      let inTurn = 0;
      let mostInTurn = 0;
      const take = inTurns((request, response) => {
        waiting--;
        if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
        mostInTurn = Math.max(mostInTurn, inTurn);
        let heard = '';
        request.on('data', (bytes: Buffer) => (heard += bytes.toString()));
        request.on('end', () => response.end(`<${request.url!}${heard}>`));
      }, new Turns(0.0001));
      const server = createBareServer({ certificate: null, headersTimeoutMs: 5000, keepAliveMs: 5000 }, 0);
      server.on('connection', (socket: Socket) => passToNode(server, socket));
      server.on('request', (request, response) => {
        most = Math.max(most, ++waiting);
        take(request, response);
      });
      await listen(server, 0, '127.0.0.1');
      afterTest(() => server.close());
      const wire = new Wire((server.address() as AddressInfo).port);
      const count = 10_000;
      const rest = ` HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      wire.write(Array.from({ length: count }, (_, i) => `POST ${i}${rest}`.replace(' ', ' /')).join(''));
      await until('all are answered', () => wire.heard.includes(`</${count - 1}${body}>`));
      const answers = wire.heard.match(/<\/\d+[a-z]*>/g)!;
      expect(answers).to.deep.equal(Array.from({ length: count }, (_, i) => `</${i}${body}>`));
      expect(most, 'of one slice').to.be.below(50);
      expect(mostInTurn, 'in one turn').to.be.below(50);
    });
  }
});

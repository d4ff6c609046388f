import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { afterTest } from '../support/cleanup.js';
import { DemoProgram } from '../support/programs/demo.js';
import { Program } from '../support/programs/program.js';
import { until } from '../support/wait.js';

/** Whether somebody listens there. */
async function isListening(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    new Promise<boolean>((resolve) => socket.on('error', () => resolve(false))),
  ]);
  socket.destroy();
  return isOpen;
}

describe('vw demo as a command', function () {
  this.timeout(40_000);

  it('says how it is called, and is in the list of commands', async () => {
    const [help, usage] = [Program.run(['demo', '--help']), Program.run(['--help'])];
    expect([await help.exit(), await usage.exit()]).to.deep.equal([0, 0]);
    for (const option of ['--tour', '--every', '--port', '--log-level']) expect(help.stdout).to.contain(option);
    expect(usage.stdout).to.contain('vw demo');
  });

  for (const [args, message] of [
    [['--port', 'x'], '--port="x" cannot be used; accepted: a whole number from 0 to 65533'],
    [['--tour', '--every', '0'], '--every="0" cannot be used; accepted: a whole number from 1 to 3600'],
    [['--every', '5'], '--every is for the tour; accepted: together with --tour'],
    [['--log-level', 'loud'], '--log-level="loud" cannot be used; accepted: error, warn, info, debug'],
    [['--tuor'], "Unknown option '--tuor'"],
  ] as const) {
    it(`refuses ${args.join(' ')} and says what is accepted`, async () => {
      const vw = Program.run(['demo', ...args]);
      expect(await vw.exit()).to.equal(2);
      expect(vw.stderr).to.contain(message);
      expect(vw.stdout).to.equal('');
    });
  }

  it('takes free ports where its own are taken, and says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    afterTest(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const demo = await DemoProgram.start(['--port', String(port)]);
    expect(demo.said).to.contain(`(port ${port} is taken)`);
    expect(demo.relay).not.to.contain(`:${port}`);
    expect(await isListening(demo.relay)).to.equal(true);
  });

  it('does not care what is set for others: keys, ports, proxies', async () => {
    const demo = await DemoProgram.start([], {
      ...{ VW_API_KEY: 'secret', VW_HOST: '0.0.0.0', VW_SERVE_PORT: '1', VW_SERVE_SECRET: 'secret' },
      ...{ HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1', NODE_USE_ENV_PROXY: '1' },
      NODE_NO_WARNINGS: '1', // Node 22 says on stderr that its own proxy support is experimental
    });
    await until('its link is open', async () => (await demo.program.stats()).destinations.demo!.live.state === 'open');
    expect(demo.relay).to.match(/^http:\/\/127\.0\.0\.1:/);
  });

  it('has no colour and no log of the relay where it is not a terminal', async () => {
    const demo = await DemoProgram.start();
    expect(demo.said).not.to.match(/\u001b|"level"/);
    const loud = await DemoProgram.start(['--log-level', 'info']);
    await until('the relay logs', () => loud.said.includes('"feed up"'));
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`ends with 0 on ${signal}, also while people watch, and leaves nothing`, async () => {
      const demo = await DemoProgram.start(['--tour', '--every', '1']);
      const { pid } = demo.program;
      expect(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 'it is one process').to.equal('');
      const viewers = [`${demo.relay.replace('http', 'ws')}/ws/stream/demo`, demo.watchUrl(0), demo.watchUrl(1)].map(
        (url) => new WebSocket(url),
      );
      afterTest(() => viewers.forEach((one) => one.terminate()));
      await Promise.all(viewers.map((one) => once(one, 'open')));
      const closed = viewers.map((one) => once(one, 'close'));
      await until('the tour goes on', () => demo.said.includes('\n1. '));
      demo.program.child.kill(signal);
      expect(await demo.program.exit()).to.equal(0);
      expect(demo.said).to.match(/Ended: nothing is left running\.\n$/);
      expect(demo.program.stderr).to.equal('');
      expect((await Promise.all(closed)).map(([code]) => code as number)).to.deep.equal([1001, 1001, 1001]);
      for (const url of [demo.relay, ...demo.endpoints]) expect(await isListening(url), url).to.equal(false);
    });
  }

  it('takes one press of Ctrl-C for one, though npm hands it on and it comes twice', async () => {
    // `npm run demo` ended with 1, and its last words were missing.
    const demo = await DemoProgram.start();
    demo.program.child.kill('SIGINT');
    demo.program.child.kill('SIGTERM'); // another, for two of a kind may be taken for one by the system
    expect(await demo.program.exit()).to.equal(0);
    expect(demo.said).to.match(/Ended: nothing is left running\.\n$/);
  });

  it('exits with 0 when nothing reads its output', async () => {
    const demo = await DemoProgram.start(['--tour', '--every', '1']);
    demo.program.child.stdout!.destroy();
    expect(await demo.program.exit()).to.equal(0);
    expect(demo.program.stderr).to.equal('');
  });
});

#!/usr/bin/env node
// The command `vw`: chooses the subcommand.

import './engine.js';
import { readVersion } from '../src/version.js';
import { EXIT_USAGE } from './arguments.js';
import { rules } from './rules.js';
import { demo } from './demo.js';
import { complain, print } from './output.js';
import { serve } from './serve.js';
import { status } from './status.js';
import { stream } from './stream.js';
import { token } from './token.js';

const USAGE = `vw: video over WebSockets

usage: vw COMMAND [OPTIONS]

  vw demo       show it all on this machine, without a camera (vw demo --help)
  vw stream     run the relay (vw stream --help lists its settings)
  vw serve      run a far end that boards send to and browsers watch (vw serve --help)
  vw status     what a relay is doing, as a table (vw status --help)
  vw rules      write a relay's rules to a file, and set them from it (vw rules --help)
  vw token      make a token for a far end (vw token --help)
  vw version    print the version

  --help, --version; vw stream --check-config
`;

const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'demo':
    await demo(args);
    break;
  case 'stream':
    await stream(args);
    break;
  case 'serve':
    await serve(args);
    break;
  case 'status':
    await status(args);
    break;
  case 'rules':
    await rules(args);
    break;
  case 'token':
    await token(args);
    break;
  case 'version':
  case '--version':
  case '-v':
    print(`${readVersion()}\n`);
    break;
  case 'help':
  case '--help':
  case '-h':
    print(USAGE);
    break;
  case '--check-config':
    await stream(['--check-config', ...args]);
    break;
  default:
    complain(
      command === undefined ? `a command is missing\n\n${USAGE}` : `there is no command "${command}"\n\n${USAGE}`,
    );
    process.exitCode = EXIT_USAGE;
}

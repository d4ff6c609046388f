#!/usr/bin/env node
// The command `vw`: chooses the subcommand.

import { readVersion } from '../src/version.js';
import { EXIT_USAGE } from './shared/arguments.js';
import { reportError, print } from './shared/output.js';

const USAGE = `vw: video over WebSockets

usage: vw COMMAND [OPTIONS]

  vw demo       show vw at work on this machine, without a camera
  vw stream     run the relay, beside the cameras
  vw serve      run a relay server, which boards send to and browsers watch
  vw status     print what a relay is doing, and what is wrong
  vw rules      write a relay's rules to a file, and set them from a file
  vw token      make a token for a relay server
  vw version    print the version

  vw COMMAND --help lists the options of a command; vw stream --check-config checks the settings.
`;

const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'demo':
    await (await import('./demo.js')).demo(args);
    break;
  case 'stream':
    await (await import('./stream.js')).stream(args);
    break;
  case 'serve':
    await (await import('./serve.js')).serve(args);
    break;
  case 'status':
    await (await import('./status.js')).status(args);
    break;
  case 'rules':
    await (await import('./rules.js')).rules(args);
    break;
  case 'token':
    await (await import('./token.js')).token(args);
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
    await (await import('./stream.js')).stream(['--check-config', ...args]);
    break;
  default:
    reportError(
      command === undefined ? `a command is missing\n\n${USAGE}` : `there is no command "${command}"\n\n${USAGE}`,
    );
    process.exitCode = EXIT_USAGE;
}

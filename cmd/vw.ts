#!/usr/bin/env node
// The command `vw`: chooses the subcommand.

import './engine.js';
import { readVersion } from '../src/version.js';
import { EXIT_USAGE } from './arguments.js';
import { stream } from './stream.js';

const USAGE = `vw: video over WebSockets

usage: vw COMMAND [OPTIONS]

  vw stream     run the relay (vw stream --help lists its settings)
  vw version    print the version

  --help, --version; vw stream --check-config
`;

const [command, ...args] = process.argv.slice(2);
switch (command) {
  case 'stream':
    await stream(args);
    break;
  case 'version':
  case '--version':
  case '-v':
    process.stdout.write(`${readVersion()}\n`);
    break;
  case 'help':
  case '--help':
  case '-h':
    process.stdout.write(USAGE);
    break;
  case '--check-config':
    await stream(['--check-config', ...args]);
    break;
  default:
    process.stderr.write(command === undefined ? USAGE : `vw: there is no command "${command}"\n\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
}

// `vw demo` as a process, as people run it, with its addresses read from what it prints.

import { type Environment, Program } from './program.js';
import { until } from '../wait.js';

/** The addresses of a demo. */
export interface DemoAddresses {
  readonly relay: string;
  readonly endpoints: readonly [string, string];
}

/** A demo that runs until the test ends. */
export class DemoProgram implements DemoAddresses {
  readonly program: Program;
  relay = '';
  endpoints: [string, string] = ['', ''];

  private constructor(args: readonly string[], variables: Environment) {
    const port = args.includes('--port') ? [] : ['--port', '0'];
    this.program = Program.run(['demo', ...port, ...args], variables);
  }

  /** Starts it and waits until it has printed its introduction. */
  static async start(args: readonly string[] = [], variables: Environment = {}): Promise<DemoProgram> {
    const one = new DemoProgram(args, variables);
    await until('the demo runs', () => one.said.includes('Ctrl-C ends it all.') || one.program.stderr !== '', 15_000);
    if (one.program.stderr !== '') throw new Error(one.program.stderr);
    one.program.url = one.relay = one.address('relay');
    one.endpoints = [one.address('relay server 1'), one.address('relay server 2')];
    return one;
  }

  /** Its output so far. */
  get said(): string {
    return this.program.stdout;
  }

  /** The first address that is printed behind a name. */
  address(name: string): string {
    return new RegExp(`^  ${name} +(http://\\S+)`, 'm').exec(this.said)?.[1] ?? '';
  }

  /** The URL at which a WebSocket client receives the stream from a relay server. */
  watchUrl(which: 0 | 1): string {
    return `${this.endpoints[which].replace('http', 'ws')}/out/demo`;
  }
}

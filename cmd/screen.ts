// A terminal that is drawn over and given back as it was, however the program ends.

import { ENTER, frameText, LEAVE } from '../src/cli/frame.js';

const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';

/** The screen of a terminal, while it is ours. */
export class Screen {
  #isOurs = false;

  /** @param onQuit `q` or Ctrl-C was typed. @param onChange it has to be drawn again. */
  constructor(
    private readonly onQuit: () => void,
    private readonly onChange: () => void,
  ) {
    process.stdout.on('resize', onChange);
    process.on('SIGTSTP', () => this.#suspend());
    process.on('SIGCONT', () => this.#resume());
    process.on('exit', () => this.close());
    if (process.stdin.isTTY) process.stdin.on('data', (typed: Buffer) => this.#read(typed.toString()));
    this.#take();
  }

  draw(lines: readonly string[]): void {
    if (this.#isOurs) process.stdout.write(frameText(lines));
  }

  /** Gives the terminal back. */
  close(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    process.stdout.write(LEAVE);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(false);
    process.stdin.pause();
  }

  #take(): void {
    this.#isOurs = true;
    process.stdout.write(ENTER);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true); // so that what is typed does not stand in the table
    process.stdin.resume();
  }

  #read(typed: string): void {
    if (typed.includes(CTRL_C) || typed.includes('q')) this.onQuit();
    else if (typed.includes(CTRL_Z)) this.#suspend();
  }

  #suspend(): void {
    this.close();
    process.kill(process.pid, 'SIGSTOP');
  }

  #resume(): void {
    if (!this.#isOurs) this.#take();
    this.onChange();
  }
}

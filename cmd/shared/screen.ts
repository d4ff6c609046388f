// A full-screen terminal that is restored however the program ends.

import { ENTER_SCREEN, frameText, LEAVE_SCREEN } from '../../src/cli/terminal/screen-frame.js';

const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';

/** The terminal's screen while the program uses it. */
export class Screen {
  #isOurs = false;

  /** @param onQuit called on `q` or Ctrl-C. @param onChange called when it has to be redrawn. */
  constructor(
    private readonly onQuit: () => void,
    private readonly onChange: () => void,
  ) {
    process.stdout.on('resize', onChange);
    process.on('SIGTSTP', () => this.#suspend());
    process.on('SIGCONT', () => this.#resume());
    process.on('exit', () => this.close());
    if (process.stdin.isTTY) process.stdin.on('data', (typed: Buffer) => this.#read(typed.toString()));
    this.#readInput();
  }

  draw(lines: readonly string[]): void {
    if (this.#isOurs) process.stdout.write(frameText(lines));
  }

  /** Restores the terminal. */
  close(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    process.stdout.write(LEAVE_SCREEN);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(false);
    process.stdin.pause();
  }

  #readInput(): void {
    this.#isOurs = true;
    process.stdout.write(ENTER_SCREEN);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true); // so that typed characters are not echoed into the table
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
    if (!this.#isOurs) this.#readInput();
    this.onChange();
  }
}

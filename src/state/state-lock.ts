// The lock of a state file: a file beside it that names the process that uses it. A lock is stale if that process has
// ended. Its pid alone does not tell: in a container it is always the same, and after a power cut another program may have
// it. So the lock also has the start time of the process and the boot id of the machine.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from './disk-errors.js';

/** A process, so that it is not mistaken for another. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start; null: the system does not say. */
  readonly startTicks: string | null;
  /** Differs for each boot of the machine; null: the system does not say. */
  readonly bootId: string | null;
}

/** Another process uses the file. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  constructor(readonly pid: number) {
    super(`another vw uses it: process ${pid}`);
  }
}

/** How long a lock without content may be one that is just being written. */
const WRITING_MS = 500;
/** How long another process that found the same stale lock may take to replace ours. */
const SETTLE_MS = 60;
const STEP_MS = 50;

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicksOf(process.pid), bootId: bootId() };
}

/** Whether a process of that identity runs now. */
export function isRunning(other: ProcessIdentity, self: ProcessIdentity = thisProcess()): boolean {
  if (other.bootId !== self.bootId) return false;
  if (other.startTicks !== null && self.startTicks !== null) return startTicksOf(other.pid) === other.startTicks;
  try {
    process.kill(other.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

let count = 0;

/** A lock that may be held. */
export class StateLock {
  readonly #text: string;
  readonly #number = ++count;
  #isHeld = false;

  /** @param path of the lock, in the folder of what it locks. */
  constructor(
    readonly path: string,
    private readonly self: ProcessIdentity = thisProcess(),
  ) {
    this.#text = `${JSON.stringify({ ...self, nonce: randomUUID() })}\n`;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Takes the lock, or makes sure that it is still ours. Throws {@link LockedError} if another process that runs has it, and the
   * system's error if the lock cannot be written.
   */
  async acquire(): Promise<void> {
    if (this.#isHeld && (await this.#read()) === this.#text) return;
    this.#isHeld = false;
    if (await this.#tryCreate()) {
      this.#isHeld = true;
      return;
    }
    await this.#refuseIfUsed();
    // Stale. Whoever replaces it last has it: all others find that out below.
    await rename(await this.#write(), this.path);
    await delay(SETTLE_MS);
    if ((await this.#read()) !== this.#text) {
      await this.acquire();
      return;
    }
    this.#isHeld = true;
  }

  /** As {@link #create}; where nothing can be written, a process that has the lock is still respected. */
  async #tryCreate(): Promise<boolean> {
    try {
      return await this.#create();
    } catch (error) {
      await this.#refuseIfUsed();
      throw error;
    }
  }

  /** Removes the lock if it is ours. Never rejects: one that stays is stale. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    try {
      if ((await this.#read()) === this.#text) await rm(this.path, { force: true });
    } catch {
      // the disk fails
    }
  }

  /** Throws {@link LockedError} if a process that runs has it. */
  async #refuseIfUsed(): Promise<void> {
    for (let waitedMs = 0; ; waitedMs += STEP_MS) {
      const text = await this.#read();
      const holder = text === null ? null : identityIn(text);
      if (holder !== null) {
        if (isRunning(holder, this.self)) throw new LockedError(holder.pid);
        return;
      }
      if (text === null || waitedMs >= WRITING_MS) return; // gone, or damaged
      await delay(STEP_MS);
    }
  }

  async #read(): Promise<string | null> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** Creates the lock with its content at once; false: there is one. */
  async #create(): Promise<boolean> {
    const own = await this.#write();
    try {
      await link(own, this.path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (!['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK'].includes(codeOf(error))) throw error;
      return await this.#createWithoutLinks();
    } finally {
      await rm(own, { force: true }).catch(() => undefined);
    }
  }

  /** The same on a file system without hard links, such as FAT: it is empty for a moment. */
  async #createWithoutLinks(): Promise<boolean> {
    try {
      const file = await open(this.path, 'wx', 0o600);
      try {
        await file.writeFile(this.#text);
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Writes the content to a file of our own; returns its path. */
  async #write(): Promise<string> {
    const own = `${this.path}.${process.pid}-${this.#number}`;
    await rm(own, { force: true });
    const file = await open(own, 'wx', 0o600);
    try {
      await file.writeFile(this.#text);
    } finally {
      await file.close();
    }
    return own;
  }
}

function identityIn(text: string): ProcessIdentity | null {
  try {
    const { pid, startTicks, bootId } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (!Number.isInteger(pid) || (pid as number) < 1) return null;
    const orNull = (value: unknown) => (typeof value === 'string' ? value : null);
    return { pid: pid as number, startTicks: orNull(startTicks), bootId: orNull(bootId) };
  } catch {
    return null;
  }
}

/**
 * The 22nd field of /proc/<pid>/stat, proc_pid_stat(5); the second may contain spaces and parentheses. null: there is no
 * such process, or it has ended and its parent has not noticed yet.
 */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(state) ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

// The saved rules of `vw stream` at its start: the file is locked, read, and its rules are in force before anything listens.

import type { Limits } from '../../src/config/limits.js';
import type { Log } from '../../src/log/log.js';
import type { Relay } from '../../src/relay/relay.js';
import { RuleLimits } from '../../src/relay/rules/rule-limits.js';
import type { RuleSet } from '../../src/relay/rules/rule-set.js';
import { codeOf, diskErrorText } from '../../src/state/disk-errors.js';
import { RuleStore } from '../../src/state/rule-store.js';
import { type LoadedState, StateFile } from '../../src/state/state-file.js';
import { LockedError, UnclearLockError } from '../../src/state/state-lock.js';
import { StatePathError } from '../../src/state/state-paths.js';
import { NewerVersionError } from '../../src/state/state-text.js';
import { LimitError } from '../../src/errors.js';
import type { Warning } from './warnings.js';

/** Rules that cannot be restored; the relay does not start. `message` names the file and what to do. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/** Where to keep rules. */
export interface StateSettings {
  readonly path: string;
  readonly isOptional: boolean;
}

/** Brings the saved rules in force in `relay`, which is new. Throws {@link StateError}. */
export async function restoreRules(relay: Relay, settings: StateSettings | null, log: Log): Promise<RuleStore> {
  if (settings === null) return RuleStore.inMemory(log);
  const file = await withContext(settings.path, () => StateFile.at(settings.path));
  const lockFault = await withContext(settings.path, () => lock(file));
  const loaded = await withContext(settings.path, async () => {
    const loaded = await file.load();
    relay.restore(loaded.rules);
    return loaded;
  }).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  const inForce = () => relay.rules();
  logLoaded(log, file.path, loaded);
  const { isOptional } = settings;
  return RuleStore.inFile(file, { loaded, lockFault, inForce, log: null }, { isOptional });
}

/** What --check-config says of the saved rules. */
export interface StateFindings {
  /** What the start would be refused for; null: nothing. */
  readonly fault: string | null;
  /** What it would go on with. */
  readonly warnings: readonly Warning[];
}

/** Checks the file without changing anything. */
export async function checkState(settings: StateSettings | null, limits: Limits): Promise<StateFindings> {
  if (settings === null) return { fault: null, warnings: [] };
  try {
    const { damaged, writeFault } = await withContext(settings.path, async () => {
      const found = await (await StateFile.at(settings.path)).check();
      if (found.rules !== null) new RuleLimits(limits, new Map()).checkAll(found.rules);
      return found;
    });
    const warnings: Warning[] = damaged.map((facts) => ({
      message: 'saved rules cannot be read',
      facts: { ...facts },
    }));
    if (writeFault !== null) warnings.push({ message: 'rules cannot be saved', facts: { reason: writeFault } });
    return { fault: null, warnings };
  } catch (error) {
    if (error instanceof StateError) return { fault: error.message, warnings: [] };
    throw error;
  }
}

/** Locks the file. Returns why it cannot be written; null: it is locked. */
async function lock(file: StateFile): Promise<string | null> {
  try {
    await file.lock();
    return null;
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return diskErrorText(error);
  }
}

async function withContext<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = (cause as Error).message;
    if (cause instanceof StatePathError || cause instanceof LimitError) throw new StateError(message, { cause });
    if (cause instanceof UnclearLockError)
      throw new StateError(`VW_STATE="${path}" cannot be used: ${message}`, { cause });
    if (cause instanceof LockedError) {
      const advice = 'accepted: a file for each vw, or end that process first';
      throw new StateError(`VW_STATE="${path}" cannot be used: ${message}; ${advice}`, { cause });
    }
    if (cause instanceof NewerVersionError) {
      const advice = 'it is left as it is; accepted: a newer vw, or another file';
      throw new StateError(`VW_STATE="${path}" cannot be used: ${message}; ${advice}`, { cause });
    }
    throw cause;
  }
}

const SET_ASIDE = 'saved rules cannot be read, and are set aside';
const LEFT = 'saved rules cannot be read, and are left where they are';

function logLoaded(log: Log, file: string, { rules, from, damaged }: LoadedState): void {
  for (const { path, reason } of damaged) {
    const isLeft = path === file || path === `${file}.previous`;
    log.warn(isLeft ? LEFT : SET_ASIDE, { path, reason });
  }
  log.info('saved rules are in force', { file, version: VERSIONS[from], ...counts(rules) });
}

const VERSIONS: Readonly<Record<LoadedState['from'], string>> = {
  file: 'latest',
  previous: 'previous',
  nothing: 'none yet',
  lost: 'lost',
};

function counts({ streams, destinations, mutes }: RuleSet): Record<'streams' | 'destinations' | 'mutes', number> {
  return { streams: streams.length, destinations: destinations.length, mutes: mutes.length };
}

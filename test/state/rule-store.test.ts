import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RuleError, StorageError } from '../../src/errors.js';
import type { MuteRule } from '../../src/relay/rules/mute-rule.js';
import { RuleDraft } from '../../src/state/rule-draft.js';
import { type Kept, type RuleChange, RuleStore, type RuleStoreOptions } from '../../src/state/rule-store.js';
import { NO_RULES, type RuleSet } from '../../src/relay/rules/rule-set.js';
import { StateFile } from '../../src/state/state-file.js';
import { afterTest } from '../support/cleanup.js';
import { scratch } from '../support/media/ffmpeg.js';
import { keptLog } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

const QUICK: Partial<RuleStoreOptions> = { retryMs: 20, patienceMs: 5000 };

/** A store over rules that are a draft, whose disk can be taken away. */
class Disk {
  inForce = new RuleDraft(NO_RULES);
  readonly folder = join(scratch(), 'disk');
  writes = 0;
  store!: RuleStore;

  static async with(options: Partial<RuleStoreOptions> = {}): Promise<Disk> {
    const one = new Disk();
    mkdirSync(one.folder);
    const file = await StateFile.at(join(one.folder, 'rules'));
    await file.lock();
    const loaded = await file.load();
    const write = file.write.bind(file);
    file.write = (bytes) => {
      one.writes++;
      return write(bytes);
    };
    const parts = { loaded, lockFault: null, inForce: () => one.inForce.rules(), log: null };
    one.store = RuleStore.inFile(file, parts, { ...QUICK, ...options });
    afterTest(() => one.store.close());
    return one;
  }

  /** The rules in the file. */
  async saved(): Promise<RuleSet> {
    return (await (await StateFile.at(join(this.folder, 'rules'))).load()).rules;
  }

  /** A change that sets or deletes a mute; written first. */
  change(feed: string, rule: MuteRule | null, mustBeSaved = false): RuleChange<string> {
    const edit = ({ mutes }: RuleDraft) => {
      if (rule === null && !mutes.delete(feed)) throw new RuleError('ERR_NO', 'no such mute');
      if (rule !== null) mutes.set(feed, rule);
    };
    return {
      edit,
      apply: () => {
        edit(this.inForce);
        return feed;
      },
      mustBeSaved,
    };
  }

  set(feed: string): Promise<{ value: string; kept: Kept }> {
    return this.store.change(this.change(feed, { feed, tracks: 'audio' }));
  }

  takeAway(): void {
    rmSync(this.folder, { recursive: true });
  }

  giveBack(): void {
    mkdirSync(this.folder);
  }
}

const names = ({ mutes }: RuleSet) => mutes.map(({ feed }) => feed);

describe('RuleStore', () => {
  it('writes a change before it is in force', async () => {
    const disk = await Disk.with();
    let savedAtApply: string[] = [];
    const change = disk.change('a', { feed: 'a', tracks: 'audio' });
    await disk.store.change({
      ...change,
      apply: () => {
        savedAtApply = readdirSync(disk.folder);
        return change.apply();
      },
    });
    expect(savedAtApply).to.include('rules');
    expect(names(await disk.saved())).to.deep.equal(['a']);
  });

  it('writes changes that come together once, and those that come meanwhile once more', async () => {
    const disk = await Disk.with();
    const first = Array.from({ length: 20 }, (_, i) => disk.set(`a${i}`));
    await until('the first is being written', () => disk.writes === 1);
    const second = Array.from({ length: 20 }, (_, i) => disk.set(`b${i}`));
    await Promise.all([...first, ...second]);
    expect(disk.writes).to.equal(2);
    expect(names(await disk.saved())).to.have.length(40);
  });

  it('writes nothing for a change that changes nothing', async () => {
    const disk = await Disk.with();
    await disk.set('a');
    await disk.set('a');
    expect(disk.writes).to.equal(1);
  });

  it('refuses one change of those that come together, and makes the others', async () => {
    const disk = await Disk.with();
    const results = await Promise.allSettled([
      disk.set('a'),
      disk.store.change(disk.change('none', null)),
      disk.store.change(disk.change('a', null)),
      disk.store.change(disk.change('a', null)),
      disk.set('b'),
    ]);
    expect(results.map(({ status }) => status === 'fulfilled')).to.deep.equal([true, false, true, false, true]);
    expect(names(await disk.saved())).to.deep.equal(['b']);
    expect(names(disk.inForce.rules())).to.deep.equal(['b']);
  });

  it('takes a change out of the file that could not be brought in force', async () => {
    const disk = await Disk.with();
    const broken = {
      ...disk.change('a', { feed: 'a', tracks: 'audio' }),
      apply: () => {
        throw new RuleError('ERR_FULL', 'full');
      },
    };
    expect(await disk.store.change(broken).catch((e: unknown) => e)).to.be.instanceOf(RuleError);
    await disk.set('b');
    expect(names(await disk.saved())).to.deep.equal(['b']);
  });

  it('refuses every change that a write would have had, and changes nothing', async () => {
    const disk = await Disk.with();
    await disk.set('a');
    disk.takeAway();
    const results = await Promise.allSettled([disk.set('b'), disk.store.change(disk.change('a', null))]);
    for (const result of results) {
      expect(result.status === 'rejected' && result.reason).to.be.instanceOf(StorageError);
    }
    expect(names(disk.inForce.rules())).to.deep.equal(['a']);
    expect(disk.store.fault).to.deep.include({ code: 'not-saved' });
    disk.giveBack();
    await until('the fault is over', () => disk.store.fault === null);
    expect(names(await disk.saved())).to.deep.equal(['a']);
  });

  it('says that what is in force already is not saved, and saves it as soon as it can', async () => {
    const disk = await Disk.with();
    const faults: (string | null)[] = [];
    disk.store.onFault = (fault) => faults.push(fault?.message ?? null);
    disk.takeAway();
    disk.inForce.mutes.set('mic', { feed: 'mic', tracks: 'audio' });
    expect(await disk.store.keep()).to.equal('unsaved');
    expect(disk.store.fault?.message).to.match(
      /^the mute of mic is in force but not saved: it does not exist \(ENOENT\)$/,
    );
    expect(disk.store.status().saved).to.equal(false);
    disk.giveBack();
    await until('the fault is over', () => disk.store.fault === null);
    expect(names(await disk.saved())).to.deep.equal(['mic']);
    expect(disk.store.status().saved).to.equal(true);
    expect(faults).to.have.length(2);
  });

  it('keeps rules in memory where that is allowed, but does not end a mute', async () => {
    const disk = await Disk.with({ isOptional: true });
    await disk.set('a');
    disk.takeAway();
    expect(await disk.set('b')).to.deep.equal({ value: 'b', kept: 'unsaved' });
    const unmute = await disk.store.change(disk.change('a', null, true)).catch((e: unknown) => e);
    expect(unmute).to.be.instanceOf(StorageError);
    expect(names(disk.inForce.rules())).to.deep.equal(['a', 'b']);
    disk.giveBack();
    await until('both are saved', () => disk.store.status().saved);
    expect(names(await disk.saved())).to.deep.equal(['a', 'b']);
  });

  it('does not let a mute wait for a disk that hangs', async () => {
    const disk = await Disk.with({ patienceMs: 30 });
    const file = await StateFile.at(join(disk.folder, 'other'));
    let go = (): void => undefined;
    file.write = () => new Promise((resolve) => (go = resolve));
    const parts = { loaded: await file.load(), lockFault: null, inForce: () => disk.inForce.rules(), log: null };
    const store = RuleStore.inFile(file, parts, { ...QUICK, patienceMs: 30 });
    disk.inForce.mutes.set('mic', { feed: 'mic', tracks: 'audio' });
    expect(await store.keep()).to.equal('unsaved');
    expect(store.fault?.message).to.equal('the mute of mic is in force but not saved: the disk does not answer');
    go();
    await until('it is saved', () => store.status().saved && store.fault === null);
    await store.close();
  });

  it('answers a change that a disk holds up for long, and does not make it later', async () => {
    const disk = await Disk.with();
    disk.inForce.mutes.set('mic', { feed: 'mic', tracks: 'audio' });
    expect(await disk.store.keep()).to.equal('saved');
    const file = await StateFile.at(join(disk.folder, 'rules'));
    const write = file.write.bind(file);
    let go = (): void => undefined;
    file.write = async (bytes) => {
      await new Promise<void>((resolve) => (go = resolve));
      file.write = write;
      await write(bytes);
    };
    await disk.store.close();
    const parts = { loaded: await file.load(), lockFault: null, inForce: () => disk.inForce.rules(), log: null };
    const store = RuleStore.inFile(file, parts, { ...QUICK, patienceMs: 30 });
    const unmute = store.change(disk.change('mic', null, true)).catch((error: unknown) => error);
    expect(await unmute)
      .to.be.instanceOf(StorageError)
      .with.property('code', 'ERR_NOT_SAVED');
    go();
    await until('the file has what is in force', () => store.status().saved && store.fault === null);
    expect(names(disk.inForce.rules())).to.deep.equal(['mic']);
    await store.close();
    expect(names(await disk.saved())).to.deep.equal(['mic']);
  });

  it('leaves nothing of a change that it has refused, if it is closed at once', async () => {
    const disk = await Disk.with();
    disk.inForce.mutes.set('mic', { feed: 'mic', tracks: 'audio' });
    await disk.store.keep();
    await disk.store.close();
    const file = await StateFile.at(join(disk.folder, 'rules'));
    const loaded = await file.load();
    const write = file.write.bind(file);
    let go = (): void => undefined;
    file.write = async (bytes) => {
      await write(bytes);
      await new Promise<void>((resolve) => (go = resolve));
      file.write = write;
    };
    const parts = { loaded, lockFault: null, inForce: () => disk.inForce.rules(), log: null };
    const store = RuleStore.inFile(file, parts, { ...QUICK, patienceMs: 30 });
    const refused = await store.change(disk.change('mic', null, true)).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StorageError);
    expect(store.status().saved, 'the file has what was refused').to.equal(false);
    expect(store.fault?.message).to.equal('the mute of mic is in force but not saved: the disk does not answer');
    const closed = store.close();
    go();
    await closed;
    expect(names(await disk.saved())).to.deep.equal(['mic']);
  });

  it('does not say that rules are saved in a file that was removed', async () => {
    const disk = await Disk.with();
    disk.inForce.mutes.set('all', { feed: 'all', tracks: 'audio' });
    expect(await disk.store.keep()).to.equal('saved');
    rmSync(join(disk.folder, 'rules'));
    expect(await disk.store.keep(), 'written again').to.equal('saved');
    expect(names(await disk.saved())).to.deep.equal(['all']);
    disk.takeAway();
    expect(await disk.store.keep()).to.equal('unsaved');
    expect(disk.store.status().saved).to.equal(false);
    disk.giveBack();
    await until('they are saved', () => disk.store.status().saved);
    expect(names(await disk.saved())).to.deep.equal(['all']);
  });

  it('writes what waits before it closes, and takes nothing after that', async () => {
    const disk = await Disk.with();
    const waiting = disk.set('a');
    await disk.store.close();
    expect((await waiting).kept).to.equal('saved');
    expect(await disk.set('b').catch((e: unknown) => (e as { code: string }).code)).to.equal('ERR_STOPPING');
    expect(await disk.store.keep()).to.equal('unsaved');
    expect(existsSync(join(disk.folder, 'rules.lock'))).to.equal(false);
  });

  it('without a file says once that rules are in memory only', async () => {
    const log = keptLog();
    const store = RuleStore.inMemory(log);
    for (let i = 0; i < 2; i++) {
      const change = { edit: () => undefined, apply: () => i, mustBeSaved: true };
      expect(await store.change(change)).to.deep.equal({ value: i, kept: 'in-memory' });
    }
    expect(await store.keep()).to.equal('in-memory');
    expect(log.lines.map(({ message }) => message)).to.deep.equal([
      'rules are kept in memory only: a restart loses them',
    ]);
    expect(log.lines[0]!.facts.keptBy).to.include('VW_STATE');
  });
});

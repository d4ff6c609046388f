import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { NO_RULES, type RuleSet } from '../../src/relay/rules/rule-set.js';
import { type LoadedState, type StateCheck, StateFile } from '../../src/state/state-file.js';
import { mountPoints, StatePathError } from '../../src/state/state-paths.js';
import { encodeState, NewerVersionError } from '../../src/state/state-text.js';
import { UnclearLockError } from '../../src/state/state-lock.js';
import { afterTest } from '../support/cleanup.js';
import { scratch } from '../support/media/ffmpeg.js';

const OLD: RuleSet = { ...NO_RULES, mutes: [{ feed: 'old', tracks: 'audio' }] };
const NEW: RuleSet = { ...NO_RULES, mutes: [{ feed: 'new', tracks: 'all' }] };

/** A folder with a state file in which `rules` were written one after the other. */
async function written(...rules: RuleSet[]): Promise<string> {
  const path = join(scratch(), 'rules');
  const file = await StateFile.at(path);
  await file.lock();
  await file.load();
  for (const one of rules) await file.write(await encodeState(one));
  await file.close();
  return path;
}

async function load(path: string, nowMs = Date.now): Promise<LoadedState> {
  const file = await StateFile.at(path, nowMs);
  await file.lock();
  return file.load().finally(() => file.close());
}

describe('a state file', () => {
  it('that is not there has no rules', async () => {
    expect(await load(join(scratch(), 'rules'))).to.deep.equal({ rules: NO_RULES, from: 'nothing', damaged: [] });
  });

  it('has the last rules, and its previous version those before', async () => {
    const path = await written(OLD, NEW);
    expect(await load(path)).to.deep.equal({ rules: NEW, from: 'file', damaged: [] });
    expect(readFileSync(`${path}.previous`).equals(await encodeState(OLD))).to.equal(true);
    expect(readdirSync(join(path, '..')).sort()).to.deep.equal(['rules', 'rules.previous']);
  });

  it('is for its owner only', async () => {
    const path = await written(OLD, NEW);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(statSync(`${path}.previous`).mode & 0o777).to.equal(0o600);
  });

  it('that is cut at any byte is set aside, and its previous version is loaded whole', async () => {
    const path = await written(OLD, NEW);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const { rules, from, damaged } = await load(path);
      expect({ rules, from }, `${length} bytes`).to.deep.equal({ rules: OLD, from: 'previous' });
      expect(damaged).to.have.length(1);
      expect(damaged[0]!.path).to.match(/rules\.damaged-\d{14}(-\d+)?$/);
      expect(readFileSync(damaged[0]!.path).length).to.equal(length);
      expect(existsSync(path)).to.equal(false);
    }
  });

  it('that is cut at any byte, without a previous version, leaves the mutes unknown, until rules are written', async () => {
    const path = await written(NEW);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const { rules, from } = await load(path);
      expect({ rules, from }, `${length} bytes`).to.deep.equal({
        rules: { ...NO_RULES, mutesUnknown: true },
        from: 'lost',
      });
    }
    expect((await load(path)).from, 'a start later').to.equal('lost');
    const file = await StateFile.at(path);
    await file.load();
    await file.write(await encodeState(OLD));
    await file.close();
    expect(await load(path)).to.deep.include({ rules: OLD, from: 'file' });
  });

  it('and its previous version may both be damaged', async () => {
    const path = await written(OLD, NEW);
    truncateSync(path, 50);
    truncateSync(`${path}.previous`, 0);
    const { from, damaged } = await load(path);
    expect(from).to.equal('lost');
    expect(damaged.map(({ reason }) => reason)).to.deep.equal([
      'its first line is not that of saved rules',
      'it is empty',
    ]);
    expect((await load(path)).from, 'a start later').to.equal('lost');
  });

  it('that is missing beside its previous version does not count as new', async () => {
    const path = await written(OLD, NEW);
    truncateSync(path, 50);
    await load(path); // sets it aside, and ends
    expect(await load(path)).to.deep.include({ rules: OLD, from: 'previous' });
  });

  it('that was damaged does not become the previous version', async () => {
    const path = await written(OLD, NEW);
    truncateSync(path, 50);
    const file = await StateFile.at(path);
    await file.load();
    await file.write(await encodeState(NEW));
    expect(readFileSync(`${path}.previous`).equals(await encodeState(OLD))).to.equal(true);
  });

  it('of a newer version is refused and left as it is, as is its previous version', async () => {
    const path = await written(OLD, NEW);
    const text = readFileSync(path, 'utf8').replace('"version":1', '"version":2');
    writeFileSync(path, text);
    const error = await load(path).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(NewerVersionError);
    expect(readFileSync(path, 'utf8')).to.equal(text);
    expect(readdirSync(join(path, '..')).sort()).to.deep.equal(['rules', 'rules.previous']);
  });

  it('keeps five damaged ones, the newest, also with a clock that starts in 1970', async () => {
    const path = await written(OLD, NEW);
    for (let i = 0; i < 8; i++) {
      writeFileSync(path, `damaged ${i}`);
      await load(path, () => 5000);
    }
    const names = readdirSync(join(path, '..')).filter((name) => name.includes('damaged'));
    const texts = names.map((name) => readFileSync(join(path, '..', name), 'utf8'));
    expect(texts.sort()).to.deep.equal(['damaged 3', 'damaged 4', 'damaged 5', 'damaged 6', 'damaged 7']);
    expect(names[0]).to.match(/^rules\.damaged-19700101000005/);
  });

  it('may be a symbolic link, which stays', async () => {
    const folder = scratch();
    mkdirSync(join(folder, 'disk'));
    symlinkSync('disk/real', join(folder, 'link'));
    const file = await StateFile.at(join(folder, 'link'));
    await file.load();
    await file.write(await encodeState(OLD));
    await file.write(await encodeState(NEW));
    expect(readlinkSync(join(folder, 'link'))).to.equal('disk/real');
    expect(readdirSync(join(folder, 'disk')).sort()).to.deep.equal(['real', 'real.lock', 'real.previous']);
    await file.close();
    expect((await load(join(folder, 'link'))).rules).to.deep.equal(NEW);
  });

  it('is refused where it cannot be: no folder, a folder, a device, links in a circle', async () => {
    const folder = scratch();
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    for (const path of [join(folder, 'none', 'rules'), folder, '/dev/null', join(folder, 'a')]) {
      const error = await StateFile.at(path).catch((e: unknown) => e);
      expect(error, path).to.be.instanceOf(StatePathError);
    }
  });

  it('leaves nothing behind that a killed process was writing', async () => {
    const path = await written(OLD);
    writeFileSync(`${path}.new`, 'half');
    const file = await StateFile.at(path);
    await file.load();
    await file.write(await encodeState(NEW));
    await file.close();
    expect(readdirSync(join(path, '..')).sort()).to.deep.equal(['rules', 'rules.previous']);
  });

  it('is for its owner only whatever mode it had, and so is its previous version', async () => {
    const path = await written(OLD, NEW);
    const modes = () => [path, `${path}.previous`].map((one) => (statSync(one).mode & 0o777).toString(8));
    for (const one of [path, `${path}.previous`]) chmodSync(one, 0o644);
    await load(path);
    expect(modes(), 'at a start').to.deep.equal(['600', '600']);
    const file = await StateFile.at(path);
    await file.lock();
    await file.load();
    chmodSync(path, 0o664);
    await file.write(await encodeState(OLD));
    await file.close();
    expect(modes(), 'after a change').to.deep.equal(['600', '600']);
  });

  it('that is damaged is not touched without the lock', async () => {
    const path = await written(OLD, NEW);
    truncateSync(path, 50);
    const loaded = await (await StateFile.at(path)).load();
    expect(loaded).to.deep.include({ rules: OLD, from: 'previous' });
    expect(loaded.damaged.map((one) => one.path)).to.deep.equal([path]);
    expect(filesBeside(path)).to.deep.equal(['rules', 'rules.previous']);
  });

  it('whose lock this user cannot read is refused, and its files stay', async () => {
    const path = await written(OLD, NEW);
    truncateSync(path, 50);
    writeFileSync(`${path}.lock`, '{}', { mode: 0 });
    chmodSync(join(path, '..'), 0o777);
    asOrdinaryUser();
    const file = await StateFile.at(path);
    expect(await failure(file.lock())).to.be.instanceOf(UnclearLockError);
    expect(await failure(file.check())).to.be.instanceOf(StatePathError); // the file is not this user's either
    expect(filesBeside(path)).to.deep.equal(['rules', 'rules.lock', 'rules.previous']);
  });

  for (const which of ['', '.previous']) {
    it(`whose ${which || 'file'} this user may not read is refused, with its owner, and stays`, async () => {
      const path = await written(OLD, NEW);
      if (which !== '') rmSync(path);
      chmodSync(`${path}${which}`, 0);
      chmodSync(join(path, '..'), 0o777);
      const before = filesBeside(path);
      asOrdinaryUser();
      for (const attempt of [() => load(path), () => check(path)]) {
        const error = (await failure(attempt())) as Error;
        expect(error).to.be.instanceOf(StatePathError);
        expect(error.message).to.match(
          /rules(\.previous)? cannot be read: .*\(EACCES\), it belongs to the user \d+; .*chown \d+ /,
        );
      }
      expect(filesBeside(path)).to.deep.equal(before);
    });
  }

  it('that cannot be read for another reason is left until it is replaced, and is kept then', async () => {
    for (const which of ['', '.previous']) {
      const path = await written(OLD, NEW);
      const file = await StateFile.at(path);
      await file.lock();
      if (which !== '') truncateSync(path, 50);
      renameSync(`${path}${which}`, `${path}${which}.real`);
      symlinkSync(`rules${which}.real`, `${path}${which}`); // ELOOP, since links are not followed here
      const { from, damaged } = await file.load();
      expect(from).to.equal(which === '' ? 'previous' : 'lost');
      expect(damaged.at(-1)).to.have.property('path', `${path}${which}`);
      for (const rules of [OLD, NEW]) await file.write(await encodeState(rules));
      await file.close();
      const kept = filesBeside(path).filter((name) => name.startsWith(`rules${which}.damaged-`));
      expect(kept).to.have.length(1);
      expect(readlinkSync(join(path, '..', kept[0]!))).to.equal(`rules${which}.real`);
      expect((await load(path)).rules).to.deep.equal(NEW);
    }
  });

  it('that vw has never written is refused and left, whatever it is', async () => {
    for (const text of ['{\n  "streams": []\n}\n', 'damaged', '\0\0\0\0', '[]', 'x'.repeat(100_000)]) {
      const path = join(scratch(), 'rules');
      writeFileSync(path, text);
      const unlocked = await StateFile.at(path);
      for (const attempt of [() => load(path), () => check(path), () => unlocked.load()]) {
        const error = (await failure(attempt())) as Error;
        expect(error).to.be.instanceOf(StatePathError);
        expect(error.message).to.include('does not have rules that vw has saved; it is left as it is');
      }
      expect(readFileSync(path, 'utf8')).to.equal(text);
      expect(filesBeside(path)).to.deep.equal(['rules']);
    }
  });

  it('that has other bytes, as zeros after a power cut, is damaged where vw has left traces', async () => {
    for (const trace of ['.previous', '.lock', '.damaged-20260101000000', '.previous.damaged-20260101000000-2']) {
      const path = join(scratch(), 'rules');
      writeFileSync(path, Buffer.alloc(500));
      writeFileSync(`${path}${trace}`, '');
      expect(await load(path), trace).to.have.property('from', 'lost');
    }
  });

  it('has only damaged files of its own name', async () => {
    const path = join(scratch(), 'rules');
    const others = [
      'rules.b.damaged-20260101000000',
      'rules.damaged-not',
      'rules.previous.damaged-',
      'rules.damaged-1.txt',
    ];
    for (const name of others) writeFileSync(join(path, '..', name), '');
    expect((await load(path)).from).to.equal('nothing');
    const own = await written(OLD, NEW);
    for (let i = 0; i < 9; i++) writeFileSync(`${own}.damaged-copy${i}`, '');
    truncateSync(own, 50);
    await load(own);
    expect(
      filesBeside(own).filter((name) => name.includes('copy')),
      'none is removed',
    ).to.have.length(9);
  });

  for (const suffix of ['.previous', '.new', '.previous.new']) {
    it(`whose ${suffix} is no file is refused`, async () => {
      for (const make of [(path: string) => mkdirSync(path), (path: string) => execFileSync('mkfifo', [path])]) {
        const path = join(scratch(), 'rules');
        make(`${path}${suffix}`);
        const error = (await failure(StateFile.at(path))) as Error;
        expect(error).to.be.instanceOf(StatePathError);
        expect(error.message).to.include(`vw needs the name ${path}${suffix}, which is a `);
      }
    });
  }

  it('whose name leaves no room for the names beside it is refused', async () => {
    const folder = scratch();
    for (const length of [221, 250, 256]) {
      const error = (await failure(StateFile.at(join(folder, 'r'.repeat(length))))) as Error;
      expect(error).to.be.instanceOf(StatePathError);
      expect(error.message).to.match(/its name is too long: .*; accepted: a shorter one/);
    }
    await load(join(folder, 'r'.repeat(220)));
  });

  it('is checked as at a start, without a change', async () => {
    const path = await written(OLD, NEW);
    expect(await check(path)).to.deep.equal({ rules: NEW, damaged: [], writeFault: null });
    truncateSync(path, 50);
    expect(await check(path)).to.deep.equal({
      rules: OLD,
      damaged: [{ path, reason: 'its first line is not that of saved rules' }],
      writeFault: null,
    });
    writeFileSync(`${path}.previous`, '{"format":"vw rules","version":2}\n');
    expect(await failure(check(path))).to.be.instanceOf(NewerVersionError);
    rmSync(`${path}.previous`);
    mkdirSync(`${path}.lock`);
    expect(await failure(check(path))).to.be.instanceOf(UnclearLockError);
    expect(filesBeside(path)).to.deep.equal(['rules', 'rules.lock']);
  });

  it('that is mounted by itself is found among the mount points, with spaces and other characters', () => {
    const text = '22 1 0:21 / /proc rw - proc proc rw\n31 22 8:1 /a /srv/my\\040rules\\134x rw - ext4 /dev/sda1 rw\n';
    expect(mountPoints(text)).to.deep.equal(['/proc', '/srv/my rules\\x']);
  });
});

async function check(path: string): Promise<StateCheck> {
  return (await StateFile.at(path)).check();
}

function filesBeside(path: string): string[] {
  return readdirSync(join(path, '..')).sort();
}

function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Until the test ends; root may read everything. */
function asOrdinaryUser(): void {
  if (process.getuid?.() !== 0) return;
  process.seteuid?.(65534);
  afterTest(() => process.seteuid?.(0));
}

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { NO_RULES, type RuleSet } from '../../src/relay/rules/rule-set.js';
import { type LoadedState, StateFile } from '../../src/state/state-file.js';
import { StatePathError } from '../../src/state/state-paths.js';
import { encodeState, NewerVersionError } from '../../src/state/state-text.js';
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
  return (await StateFile.at(path, nowMs)).load();
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
    await load(path); // sets it aside, and is killed
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
});

import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeFileAtomically } from '../../../src/cli/rules/write-file.js';
import { scratch } from '../../support/media/ffmpeg.js';

describe('writeWhole', () => {
  it('writes a file, or another in its place with the same mode, and leaves nothing beside it', async () => {
    const folder = scratch();
    const path = join(folder, 'rules.json');
    await writeFileAtomically(path, 'one');
    expect(readFileSync(path, 'utf8')).to.equal('one');
    writeFileSync(join(folder, 'secret.json'), 'before', { mode: 0o600 });
    await writeFileAtomically(join(folder, 'secret.json'), 'after');
    expect(statSync(join(folder, 'secret.json')).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder).sort()).to.deep.equal(['rules.json', 'secret.json']);
  });

  it('leaves a link a link', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'there'), 'before');
    symlinkSync('there', join(folder, 'link'));
    await writeFileAtomically(join(folder, 'link'), 'after');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).to.be.true;
    expect(readFileSync(join(folder, 'there'), 'utf8')).to.equal('after');
  });

  it('says why it cannot, and has changed nothing', async () => {
    const error: unknown = await writeFileAtomically(join(scratch(), 'no', 'rules.json'), 'x').catch((e: unknown) => e);
    expect(error).to.be.instanceOf(Error).with.property('code', 'ENOENT');
  });

  it('writes to what is no file as it is', async () => {
    await writeFileAtomically('/dev/null', 'x');
    expect(statSync('/dev/null').isFile()).to.be.false;
  });
});

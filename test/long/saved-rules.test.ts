// Rules on a disk that fails in every way, and on one whose power is cut.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { NO_RULES } from '../../src/relay/rules/rule-set.js';
import { StateFile } from '../../src/state/state-file.js';
import { encodeState } from '../../src/state/state-text.js';
import { afterTest } from '../support/cleanup.js';
import { scratch } from '../support/media/ffmpeg.js';
import { DISK_CALLS, type DiskCall, refuseWhile } from '../support/programs/failing-disk.js';
import { Program } from '../support/programs/program.js';
import { seeded } from '../support/random.js';
import { pause, until } from '../support/wait.js';

describe('saved rules on a disk that fails', () => {
  for (const call of Object.keys(DISK_CALLS) as DiskCall[]) {
    for (const error of ['EIO', 'ENOSPC', 'EROFS', 'EDQUOT', 'EACCES']) {
      it(`are refused while ${call} fails with ${error}, and mutes take effect all the same`, async () => {
        await refuseWhile(call, error);
      });
    }
  }
});

describe('a state file that is mounted by itself', () => {
  it('is refused at the start, and at a write if it is mounted later, with the folder to mount', async () => {
    const [path, other] = [join(scratch(), 'rules'), join(scratch(), 'other')];
    const bytes = await encodeState(NO_RULES);
    for (const one of [path, other]) writeFileSync(one, bytes);
    const file = await StateFile.at(path);
    execFileSync('mount', ['--bind', other, path]);
    afterTest(() => execFileSync('umount', [path]));
    await file.lock();
    await file.load();
    for (const work of [() => file.write(bytes), () => StateFile.at(path)]) {
      const error = await work().then(
        () => null,
        (error: unknown) => error as Error,
      );
      expect(error?.message).to.include(`so mount a folder at ${join(path, '..')} instead`);
    }
    await file.close();
  });
});

describe('saved rules whose power is cut', () => {
  it('are the old or the new ones in every copy of the disk, and all that were answered', async () => {
    const random = seeded('moments of power cuts');
    const folder = scratch();
    const [image, copy] = [join(folder, 'disk.img'), join(folder, 'copy.img')];
    execFileSync('truncate', ['-s', '24M', image]);
    execFileSync('mkfs.ext4', ['-q', image]);
    const disk = mountImage(image, join(folder, 'disk'));
    const program = await Program.stream({ VW_STATE: join(disk, 'rules') });
    let [sent, answered, isOver] = [0, 0, false];
    const change = async () => {
      while (!isOver) {
        const { status } = await program.api('POST', '/api/streams', { stream: 'stream/a', feeds: [`f${++sent}`] });
        if (status === 200) answered = sent;
      }
    };
    const changes = change();
    for (let round = 0; round < 30; round++) {
      const from = answered;
      await until('rules change', () => answered > from + 2);
      await pause(random.integer(30)); // a random moment to cut the power at
      process.kill(program.pid, 'SIGSTOP');
      const least = answered;
      execFileSync('cp', ['--sparse=always', image, copy]);
      process.kill(program.pid, 'SIGCONT');
      const place = mountImage(copy, join(folder, `copy${round}`));
      const { rules, from: version, damaged } = await (await StateFile.at(join(place, 'rules'))).load();
      execFileSync('umount', [place]);
      expect({ version, damaged }, `cut ${round}`).to.deep.equal({ version: 'file', damaged: [] });
      const there = Number(rules.streams[0]!.feeds[0]!.slice(1));
      expect(there, `cut ${round}`).to.be.within(least, least + 1);
    }
    isOver = true;
    await changes;
    program.child.kill('SIGKILL');
    await program.exit();
  });
});

/** Mounts an image until the test has ended. */
function mountImage(image: string, place: string): string {
  mkdirSync(place);
  execFileSync('mount', ['-o', 'loop', image, place]);
  afterTest(() => spawnSync('umount', ['-q', place]));
  return place;
}

describe('saved rules on a disk that becomes read-only', () => {
  it('stay in force; a mute takes effect, all else is refused; a restart has what was saved', async () => {
    const folder = scratch();
    const image = join(folder, 'disk.img');
    execFileSync('truncate', ['-s', '24M', image]);
    execFileSync('mkfs.ext4', ['-q', image]);
    const disk = mountImage(image, join(folder, 'disk'));
    const settings = { VW_STATE: join(disk, 'rules') };
    const first = await Program.stream(settings);
    await first.api('POST', '/api/streams', { stream: 'stream/a', feeds: ['a'] });
    await first.api('PUT', '/api/mutes/old');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const destination = { id: '1', stream: 'a', destination: 'ws://127.0.0.1:9/' };
    let program = first;
    for (let round = 0; round < 2; round++) {
      if (round > 0) program = await restartOn(first, settings);
      expect((await program.api('PUT', '/api/mutes/mic')).body).to.include({ feed: 'mic', saved: false });
      expect((await program.api('DELETE', '/api/mutes/mic')).status).to.equal(507);
      expect((await program.api('DELETE', '/api/mutes/old')).status).to.equal(507);
      expect((await program.api('POST', '/api/destinations', destination)).status).to.equal(507);
      expect((await program.api('GET', '/healthcheck')).body).to.match(/the mute of mic .* read-only \(EROFS\)$/);
      const { streams, mutes } = (await program.api('GET', '/api/rules')).body as {
        streams: unknown[];
        mutes: unknown[];
      };
      expect([streams.length, mutes.length]).to.deep.equal([1, 2]);
    }
  });
});

/** Kills a program and starts it again. */
async function restartOn(program: Program, settings: Record<string, string>): Promise<Program> {
  program.child.kill('SIGKILL');
  await program.exit();
  const next = await Program.stream(settings);
  expect((await next.api('GET', '/healthcheck')).body).to.equal(
    'rules cannot be saved: the file system is read-only (EROFS)',
  );
  return next;
}

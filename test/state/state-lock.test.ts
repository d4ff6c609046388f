import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LockedError, StateLock, thisProcess, UnclearLockError } from '../../src/state/state-lock.js';
import { scratch } from '../support/media/ffmpeg.js';

const path = () => join(scratch(), 'rules.lock');

async function refusal(lock: StateLock): Promise<unknown> {
  return lock.acquire().then(
    () => null,
    (error: unknown) => error,
  );
}

describe('the lock of a state file', () => {
  it('is held by one, and free once it is released', async () => {
    const at = path();
    const [first, second] = [new StateLock(at), new StateLock(at)];
    await first.acquire();
    const error = await refusal(second);
    expect(error).to.be.instanceOf(LockedError).with.property('pid', process.pid);
    await first.release();
    expect(existsSync(at)).to.equal(false);
    await second.acquire();
    expect(second.isHeld).to.equal(true);
  });

  const self = thisProcess();
  const STALE: Record<string, object> = {
    'a process that has ended': { ...self, pid: 2 ** 22 - 1 },
    'another process that has its pid now, as in a container': { ...self, startTicks: '1' },
    'a boot before this one': { ...self, bootId: '00000000-0000-0000-0000-000000000000' },
  };
  for (const [what, holder] of Object.entries(STALE)) {
    it(`of ${what} is stale`, async () => {
      const at = path();
      writeFileSync(at, JSON.stringify(holder));
      await new StateLock(at).acquire();
      expect(JSON.parse(readFileSync(at, 'utf8'))).to.include({ ...self });
    });
  }

  it('that is empty or damaged, as after a power cut, is stale', async () => {
    for (const text of ['', '{"pid":', '\0\0\0\0', '{"pid":"x"}']) {
      const at = path();
      writeFileSync(at, text);
      await new StateLock(at).acquire();
      expect(JSON.parse(readFileSync(at, 'utf8'))).to.include({ ...self });
    }
  });

  it('of a process that ends without being waited for is stale', async () => {
    // The shell is killed, its child is a zombie of `sleep`, which the shell has become.
    const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$; exec cat" <&- & exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [text] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(text.toString());
      const stat = () =>
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ');
      while (stat()[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
      const at = path();
      writeFileSync(at, JSON.stringify({ ...self, pid, startTicks: stat()[19] }));
      await new StateLock(at).acquire();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('is taken by one of several that find the same stale one', async () => {
    const at = path();
    writeFileSync(at, JSON.stringify({ ...self, bootId: 'another' }));
    const locks = Array.from({ length: 5 }, () => new StateLock(at));
    const results = await Promise.all(locks.map(refusal));
    expect(results.filter((error) => error === null)).to.have.length(1);
    expect(results.filter((error) => error instanceof LockedError)).to.have.length(4);
  });

  it('that another process has taken meanwhile is not ours any more', async () => {
    const at = path();
    const [first, second] = [new StateLock(at), new StateLock(at)];
    await first.acquire();
    writeFileSync(at, JSON.stringify({ ...self, bootId: 'another' })); // as another container sees it
    await second.acquire();
    expect(await refusal(first)).to.be.instanceOf(LockedError);
    await first.release();
    expect(existsSync(at), 'it is not removed by the one that has lost it').to.equal(true);
  });

  const ODD: Record<string, (path: string) => void> = {
    'a folder': (at) => mkdirSync(at),
    'a device, pipe or socket': (at) => execFileSync('mkfifo', [at]),
    'a symbolic link': (at) => symlinkSync('elsewhere', at),
  };
  for (const [what, make] of Object.entries(ODD)) {
    it(`that is ${what} is refused at once, and left`, async () => {
      const at = path();
      make(at);
      for (const attempt of ['acquire', 'check'] as const) {
        const error = await new StateLock(at)[attempt]().catch((e: unknown) => e);
        expect(error).to.be.instanceOf(UnclearLockError);
        expect((error as Error).message).to.equal(
          `its lock ${at} is ${what}, so another vw may use it; if none does, remove that lock`,
        );
      }
      expect(readdirSync(join(at, '..'))).to.deep.equal(['rules.lock']);
    });
  }

  it('may be read by other users, so that their vw names the process', async () => {
    const at = path();
    await new StateLock(at).acquire();
    expect(statSync(at).mode & 0o444).to.equal(0o444);
  });

  const stale = JSON.stringify({ ...self, bootId: 'another' });

  it('is not taken from one that has taken over the same stale lock long before', async () => {
    const at = path();
    writeFileSync(at, stale);
    const first = new StateLock(at);
    const second = new StateLock(at, self, () => first.acquire()); // a slow disk: it has read the stale one already
    expect(await refusal(second)).to.be.instanceOf(LockedError);
    expect(await refusal(first), 'it has it still').to.equal(null);
    expect(readdirSync(join(at, '..'))).to.deep.equal(['rules.lock']);
  });

  it('that was moved away by mistake, and could not be put back, still counts', async () => {
    const at = path();
    const first = new StateLock(at);
    await first.acquire();
    writeFileSync(`${at}.1-00000000.taken`, readFileSync(at)); // another process has moved it, and was killed
    writeFileSync(`${at}.1-00000001.taken`, stale);
    writeFileSync(at, stale);
    const second = new StateLock(at);
    expect(await refusal(second)).to.be.instanceOf(LockedError);
    expect(await refusal(first), 'it takes it again').to.equal(null);
    expect(readdirSync(join(at, '..'))).to.deep.equal(['rules.lock']);
  });
});

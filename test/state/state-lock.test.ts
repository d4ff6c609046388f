import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LockedError, StateLock, thisProcess } from '../../src/state/state-lock.js';
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
});

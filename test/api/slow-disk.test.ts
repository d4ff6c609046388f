// Changes of rules that meet while the disk is slow or fails.

import { join } from 'node:path';
import { expect } from 'chai';
import { StateFile } from '../../src/state/state-file.js';
import { scratch } from '../support/media/ffmpeg.js';
import { TestRelay } from '../support/relay/relay.js';
import { until } from '../support/wait.js';

/** A state file whose next writes wait until they are let go, or fail. */
class SlowDisk {
  isWriting = false;
  #go = (): void => undefined;

  private constructor(
    readonly state: StateFile,
    private readonly written: StateFile['write'],
  ) {}

  static async open(): Promise<SlowDisk> {
    const state = await StateFile.at(join(scratch(), 'rules'));
    return new SlowDisk(state, state.write.bind(state));
  }

  /** Holds the next write; `after` is what the disk does with those that follow. */
  hold(after: StateFile['write'] = this.written): void {
    this.state.write = async (bytes) => {
      this.isWriting = true;
      await new Promise<void>((resolve) => (this.#go = resolve));
      this.state.write = after;
      await this.written(bytes);
    };
  }

  go(): void {
    this.#go();
  }

  async savedMutes(): Promise<unknown> {
    return (await (await StateFile.at(this.state.path)).load()).rules.mutes;
  }
}

const failing = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));

describe('a mute that is asked for while its end is being written', () => {
  let disk: SlowDisk;
  let vw: TestRelay;

  beforeEach(async () => {
    disk = await SlowDisk.open();
    vw = await TestRelay.start({ state: disk.state });
  });

  it('is in force: the one that came last', async () => {
    await vw.api('PUT', '/api/mutes/mic');
    disk.hold();
    const unmute = vw.api('DELETE', '/api/mutes/mic');
    await until('the end of the mute is being written', () => disk.isWriting);
    const mute = vw.api('PUT', '/api/mutes/mic');
    const muteAll = vw.api('PUT', '/api/mutes/all');
    await until('every feed is muted, whatever the disk does', () => vw.relay.muteRules().length === 2);
    disk.go();
    for (const answer of await Promise.all([unmute, mute, muteAll])) expect(answer.status).to.equal(200);
    expect(vw.relay.muteRules().map(({ feed }) => feed)).to.deep.equal(['mic', 'all']);
    expect(await disk.savedMutes()).to.have.length(2);
  });

  for (const end of ['/api/mutes/mic', '/api/mutes/all']) {
    for (const body of [{ tracks: 'audio' }, { tracks: 'audio', binary: 'pass' }]) {
      it(`leaves no moment without one, where it withholds less: ${JSON.stringify(body)}, DELETE ${end}`, async () => {
        await vw.api('PUT', '/api/mutes/mic', { tracks: 'all' });
        disk.hold();
        const unmute = vw.api('DELETE', end);
        await until('the end of the mute is being written', () => disk.isWriting);
        const asked = vw.api('PUT', '/api/mutes/mic', body);
        await vw.api('GET', '/api/mutes/all'); // answered after the PUT has come
        const seen = new Set<unknown>();
        const over = { is: false };
        const both = Promise.all([unmute, asked]).finally(() => (over.is = true));
        disk.go();
        while (!over.is) seen.add(((await vw.api('GET', '/api/mutes/all')).body as { mic?: string }).mic);
        for (const answer of await both) expect(answer.status).to.equal(200);
        expect([...seen]).to.not.include(undefined);
        expect(vw.relay.muteRules()).to.deep.equal([{ feed: 'mic', ...body }]);
        expect(await disk.savedMutes()).to.deep.equal([{ feed: 'mic', ...body }]);
      });
    }
  }

  it('stays as strict as it was, where the new one cannot be saved', async () => {
    await vw.api('PUT', '/api/mutes/mic', { tracks: 'all' });
    disk.hold(failing);
    const unmute = vw.api('DELETE', '/api/mutes/mic');
    await until('the end of the mute is being written', () => disk.isWriting);
    const asked = vw.api('PUT', '/api/mutes/mic', { tracks: 'audio' });
    await vw.api('GET', '/api/mutes/all');
    disk.go();
    expect([(await unmute).status, (await asked).status]).to.deep.equal([200, 507]);
    expect(vw.relay.muteRules()).to.deep.equal([{ feed: 'mic', tracks: 'all' }]);
  });
});

describe('a mute that could not be saved', () => {
  it('ends on a disk that cannot be written: the file does not have it', async () => {
    const { state } = await SlowDisk.open();
    const vw = await TestRelay.start({ state });
    await vw.api('PUT', '/api/mutes/cam');
    state.write = failing;
    expect((await vw.api('PUT', '/api/mutes/mic')).body).to.include({ feed: 'mic', saved: false });
    expect((await vw.api('DELETE', '/api/mutes/mic')).status).to.equal(200);
    expect((await vw.api('DELETE', '/api/mutes/cam')).status).to.equal(507);
    expect(vw.relay.muteRules().map(({ feed }) => feed)).to.deep.equal(['cam']);
  });
});

describe('rules that come at once', () => {
  it('are counted with those that are not in force yet', async () => {
    const disk = await SlowDisk.open();
    const vw = await TestRelay.start({ state: disk.state, limits: { maxRules: 3 } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => vw.api('POST', '/api/streams', { stream: `stream/${i}`, feeds: ['v'] })),
    );
    expect(answers.filter(({ status }) => status === 200)).to.have.length(3);
    expect((await (await StateFile.at(disk.state.path)).load()).rules.streams).to.have.length(3);
  });

  it('are counted with the feeds that those name', async () => {
    const disk = await SlowDisk.open();
    const vw = await TestRelay.start({ state: disk.state, limits: { maxFeeds: 4 } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => vw.api('POST', '/api/streams', { stream: `stream/${i}`, feeds: [`v${i}`] })),
    );
    expect(answers.filter(({ status }) => status === 200)).to.have.length(4);
    expect((await (await StateFile.at(disk.state.path)).load()).rules.streams).to.have.length(4);
  });
});

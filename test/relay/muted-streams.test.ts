// What is said of a muted feed or stream: by stats, by its PMT on every way out, and by a topic that gets it. All say one thing.

import { expect } from 'chai';
import { continuityErrors } from '../support/mpegts/packets-of.js';
import { TestRelay } from '../support/relay/relay.js';
import { TestServe } from '../support/relay/serve.js';
import { TableViewer } from '../support/relay/table-viewer.js';
import { TickingSource } from '../support/relay/ticking-source.js';
import { RawUpload } from '../support/relay/upload.js';
import { until } from '../support/wait.js';

const RULES: Readonly<Record<string, readonly string[]>> = {
  'stream/sound': ['mic'],
  'stream/sound-of': ['both#audio'],
  'stream/pair': ['cam', 'mic'],
  'stream/parts': ['cam#video', 'mic#audio'],
  'stream/picture': ['both#video'],
};
const NAMES = ['cam', 'mic', 'both', ...Object.keys(RULES)];

/** Mutes, and what is muted then; of the others, nothing. */
const CASES: readonly [mutes: Readonly<Record<string, string>>, muted: Readonly<Record<string, string>>][] = [
  [{ mic: 'audio' }, { mic: 'audio', 'stream/sound': 'audio', 'stream/pair': 'audio', 'stream/parts': 'audio' }],
  [{ mic: 'all' }, { mic: 'all', 'stream/sound': 'all', 'stream/pair': 'audio', 'stream/parts': 'audio' }],
  [
    { cam: 'all', mic: 'audio' },
    { cam: 'all', mic: 'audio', 'stream/sound': 'audio', 'stream/pair': 'all', 'stream/parts': 'all' },
  ],
  [
    { both: 'audio' },
    { both: 'audio', 'stream/sound-of': 'audio' }, // a rule without its sound has lost nothing
  ],
  [{ all: 'audio' }, { ...Object.fromEntries(NAMES.map((name) => [name, 'audio'])), 'stream/picture': '-' }],
  [{ all: 'all' }, Object.fromEntries(NAMES.map((name) => [name, 'all']))],
];

describe('a muted feed or stream', () => {
  for (const [mutes, muted] of CASES) {
    it(`is the same to stats, to viewers and to topics: ${JSON.stringify(mutes)}`, async () => {
      const [vw, serve] = await Promise.all([TestRelay.start(), TestServe.start({ secret: null, isOpen: true })]);
      for (const [stream, feeds] of Object.entries(RULES)) await vw.api('POST', '/api/streams', { stream, feeds });
      const topicOf = (name: string) => name.replace('/', '.');
      for (const name of NAMES) await vw.connect(name, `${serve.audience}/in/${topicOf(name)}`, topicOf(name));
      new TickingSource(RawUpload.begin(vw.port, 'cam'), { tracks: ['picture'] }).start();
      new TickingSource(RawUpload.begin(vw.port, 'mic'), { tracks: ['sound'] }).start();
      new TickingSource(RawUpload.begin(vw.port, 'both')).start();
      const viewersOf = (name: string) =>
        Promise.all([
          TableViewer.http(`${vw.url}/ts/${name}`),
          TableViewer.socket(vw.ws(name)),
          TableViewer.socket(`${serve.audience}/out/${topicOf(name)}`),
        ]);
      const early = await Promise.all(NAMES.map(viewersOf));
      await until('all play', () => early.flat().every(({ media }) => media.length > 20));
      for (const [feed, tracks] of Object.entries(mutes)) await vw.api('PUT', `/api/mutes/${feed}`, { tracks });
      const late = await Promise.all(NAMES.map(viewersOf));
      const ofServe = async (name: string) =>
        ((await serve.api('GET', `/api/play/${topicOf(name)}`)).body as { muted: string | null }).muted;
      for (const [i, name] of NAMES.entries()) {
        const expected = muted[name] ?? '-';
        const { streams, feeds } = vw.relay.stats();
        expect((streams[name] ?? feeds[name])!.muted ?? '-', `stats of ${name}`).to.equal(expected);
        const viewers = [...early[i]!, ...late[i]!];
        const says = () => viewers.map((one) => one.mute ?? 'nothing').join();
        await until(
          () => `the PMT of ${name} says ${says()}, not ${expected}`,
          () => viewers.every((one) => one.mute === expected),
        );
        await until(`the topic of ${name}`, async () => ((await ofServe(name)) ?? '-') === expected);
      }
      const all = [...early, ...late].flat();
      const counts = all.map(({ tableCount }) => tableCount);
      await until('tables go on', () => all.every(({ tableCount }, i) => tableCount > counts[i]!));
      await vw.api('DELETE', '/api/mutes/all');
      const before = all.map(({ media }) => media.length);
      await until('all play', () => all.every(({ media }, i) => media.length > before[i]! + 20));
      for (const one of all) expect([one.mute, continuityErrors(one.bytes)]).to.deep.equal(['-', []]);
    });
  }
});

import { expect } from 'chai';
import { painter } from '../../../src/paint.js';
import { listFaults } from '../../../src/cli/status/list-faults.js';
import { fitPage, frameText } from '../../../src/cli/terminal/screen-frame.js';
import { type Page, pageLines, statusPage, unreachablePage } from '../../../src/cli/status/status-page.js';
import { feedStats, linkStats, TOTAL, NOW_MS, stats, streamStats, troubledStats } from '../../support/relay/stats.js';

const URL = 'http://127.0.0.1:8888';
const plain = painter('plain');
const MUTES = {
  all: { tracks: 'audio', binary: 'drop', known: true },
  video2: { tracks: 'all', binary: 'drop', known: true },
} as const;

/** The page as text, at a width. */
function text(seen: Parameters<typeof stats>[0], width: number): string {
  return pageLines(statusPage({ url: URL, stats: stats(seen) }, { width, paint: plain })).join('\n');
}

describe('the page of vw status', () => {
  it('fits 80 columns: what there is no room for stands below its row', () => {
    expect(text({}, 80)).to.equal(`\
vw 0.1.0 at http://127.0.0.1:8888, up 3d03h, memory 84 MB,
event loop 0.3 ms late (p99 2.1 ms)

FEED    STATE       KBIT/S  ERRORS     GOP  MEDIA
audio0  live 3h04m     128       0       -  mp2 44.1 kHz mono
    from 127.0.0.1:40318
video0  live 3h04m    1024       0  480 ms  mpeg1video 640x480 25/s
    from 127.0.0.1:40312

STREAM        KBIT/S  READERS  TRACKS
stream/front    1152        1  video0 mpeg1video, audio0 mp2
    clocks: audio0 +3.2 ms, -12 ppm

DESTINATION  STREAM        STATE       KBIT/S  WAITING  DROPPED   PING
0            stream/front  open 2h00m    1152      0 B        0  12 ms
    to wss://relay.example.org/in/front

all is well`);
  });

  it('has it beside them where there is room', () => {
    expect(text({}, 120)).to.equal(`\
vw 0.1.0 at http://127.0.0.1:8888, up 3d03h, memory 84 MB, event loop 0.3 ms late (p99 2.1 ms)

FEED    STATE       KBIT/S  ERRORS     GOP  MEDIA                    FROM
audio0  live 3h04m     128       0       -  mp2 44.1 kHz mono        127.0.0.1:40318
video0  live 3h04m    1024       0  480 ms  mpeg1video 640x480 25/s  127.0.0.1:40312

STREAM        KBIT/S  READERS  TRACKS                         CLOCKS
stream/front    1152        1  video0 mpeg1video, audio0 mp2  audio0 +3.2 ms, -12 ppm

DESTINATION  STREAM        STATE       KBIT/S  WAITING  DROPPED   PING  TO
0            stream/front  open 2h00m    1152      0 B        0  12 ms  wss://relay.example.org/in/front

all is well`);
  });

  it('says what is wrong where it is, and once more at the end', () => {
    const page = statusPage({ url: URL, stats: { ...troubledStats(), mutes: MUTES } }, { width: 80, paint: plain });
    expect(page.tables.join('\n')).to.equal(`\
FEED     STATE         KBIT/S  ERRORS     GOP  MEDIA
audio0   live 3h04m       128       0       -  mp2 44.1 kHz mono
    from 127.0.0.1:40318
data0    live 3h04m       0.6       0       -  data (214 messages)
    from 127.0.0.1:40312
video0   live 3h04m      1024       0  480 ms  mpeg1video 640x480 25/s
    from 127.0.0.1:40312
video2   absent 3h04m       0       0       -  -
    ! no source publishes to it (no-source)
    its sound is muted
video10  silent 42s         0      13  10.2 s  mpeg1video 640x480 25/s
    from 127.0.0.1:40312
    ! somebody sends, and nothing has come for 42 s (silent)
    12 continuity errors, 1 damaged table, 1.9 kB skipped

STREAM                            KBIT/S  READERS  TRACKS
stream/front                        1152        1  video0 mpeg1video, audio0 mp2
    clocks: audio0 +3.2 ms, -12 ppm
stream/workshop/…-long-name/left       0        0  -
    ! no source publishes to video2 (no-source)
    nothing comes from video2#video, video10

DESTINATION  STREAM        STATE       KBIT/S  WAITING  DROPPED    PING
0            stream/front  open 2h00m    1152      0 B        0   12 ms
    to wss://relay.example.org/in/front
    opened 12 times; last error 1m02s ago: the relay server closed the link
      (1006)
    changing to wss://new.example.org/in/front: waiting 2s
    ! new.example.org: connection refused (unreachable); next try in 6s, 4 tries
      so far
lab          video0        open 2h00m    1152   2.0 MB      310  840 ms
    to wss://far.example.org/session/a-very-long-topic-name-0123456789/and-more
    ! the relay server is slow: messages are dropped (slow)`);
    expect(page.tail.join('\n')).to.equal(`\
muted: the sound of every feed, all of video2
5 things are wrong:
  feed video2: no source publishes to it (no-source)
  feed video10: somebody sends, and nothing has come for 42 s (silent)
  stream stream/workshop/bench-with-the-long-name/left: no source publishes to
    video2 (no-source)
  destination 0: new.example.org: connection refused (unreachable)
  destination lab: the relay server is slow: messages are dropped (slow)`);
    for (const line of pageLines(page)) expect(line).to.have.length.at.most(80);
  });

  it('names what a mute withholds, and a mute of a feed that is not there', () => {
    const withheld = [
      { pid: 256, streamType: 6, reason: 'nothing says that it is picture or data', packets: 12 },
      { pid: 257, streamType: null, reason: 'no PMT lists it', packets: 1 },
    ];
    const mic = feedStats({ tracks: [], muted: 'audio', mutedBinary: 'pass', withheld, withheldMessages: 2 });
    const found = text(
      {
        feeds: { mic },
        mutes: {
          mic: { tracks: 'audio', binary: 'pass', known: true },
          mci: { tracks: 'all', binary: 'drop', known: false },
          other: { tracks: 'audio', binary: 'drop', known: false },
        },
      },
      Infinity,
    );
    expect(found).to.contain(
      'its sound is muted, binary messages pass; withheld: PID 256, stream type 0x06 (nothing says that it is picture or ' +
        'data), PID 257 (no PMT lists it), 2 messages\n',
    );
    expect(found.split('\n').slice(-4)).to.deep.equal([
      'muted: all of mci, the sound of mic (binary messages pass), the sound of other',
      'mute of mci: no such feed now; it will be muted when it comes (did you mean mic?)',
      'mute of other: no such feed now; it will be muted when it comes',
      'all else is well',
    ]);
  });

  it('names what a stream withholds of which the picture alone is taken', () => {
    const withheld = [
      { feed: 'cam', pid: 257, streamType: 6, reason: 'nothing says that it is picture or data' },
      { feed: 'cam', pid: 258, streamType: 0x8f, reason: 'the PMT says that it is sound' },
    ];
    const found = text({ streams: { 'stream/a': streamStats({ withheld, withheldMessages: 1 }) } }, Infinity);
    expect(found).to.contain(
      'withheld: cam PID 257, stream type 0x06 (nothing says that it is picture or data), ' +
        'cam PID 258, stream type 0x8f (the PMT says that it is sound), 1 message\n',
    );
  });

  it('says of a stream what of it is muted', () => {
    const muted = (what: 'audio' | 'all' | null) =>
      text({ streams: { 'stream/a': streamStats({ muted: what }) } }, Infinity);
    expect(muted('audio')).to.contain('its sound, or a part of it, is muted');
    expect(muted('all')).to.contain('it is muted: its tables go on, and nothing else');
    expect(muted(null)).to.not.contain('muted');
  });

  it('cuts and wraps nothing where it is as wide as it likes', () => {
    const page = statusPage({ url: URL, stats: troubledStats() }, { width: Infinity, paint: plain });
    const lines = pageLines(page);
    expect(lines.join('\n')).not.to.contain('…');
    expect(lines.filter((line) => line.includes('far.example.org'))).to.have.length(1);
  });

  it('of an empty relay says that there is nothing', () => {
    const page = text({ feeds: {}, streams: {}, destinations: {} }, 80);
    expect(page).to.contain('\nno feeds\n\nno streams\n\nno destinations\n\nall is well');
  });

  it('counts one thing as one', () => {
    const fault = { code: 'no-source' as const, message: 'no source publishes to it' };
    const page = text({ feeds: { cam: feedStats({ state: 'absent', source: null, fault }) } }, 80);
    expect(page).to.match(/\n1 thing is wrong:\n {2}feed cam: no source publishes to it \(no-source\)$/);
  });

  it('has no fault for what is only starting', () => {
    const live = linkStats({ state: 'dialling', sinceMs: NOW_MS - 300, opens: 0, pingMs: null });
    const page = text({ destinations: { 7: { stream: 'video0', live, total: TOTAL, pending: null } } }, 120);
    expect(page).to.contain('dialling 0s').and.contain('all is well');
  });

  it('is painted where colour is wanted: red is what is wrong', () => {
    const page = statusPage({ url: URL, stats: troubledStats() }, { width: 80, paint: painter('coloured') });
    const red = [...page.tables.join('\n').matchAll(/\u001b\[31m(.*?)\u001b\[39m/g)].map(([, message]) => message);
    expect(red).to.include.members(['video2', 'silent 42s', '! no source publishes to it (no-source)', 'lab']);
    expect(red).not.to.include('video0');
    const bare = pageLines(page).map((line) => line.replace(/\u001b\[\d+m/g, ''));
    expect(bare).to.deep.equal(
      pageLines(statusPage({ url: URL, stats: troubledStats() }, { width: 80, paint: plain })),
    );
  });

  it('keeps what was seen when the relay is not reached', () => {
    const page = statusPage({ url: URL, stats: stats() }, { width: 80, paint: plain });
    const message = `${URL} is not reached: nothing listens there`;
    expect(unreachablePage(message, page, { width: 80, paint: plain }, '12:03:04').head).to.deep.equal([
      '12:03:04 trying again: http://127.0.0.1:8888 is not reached: nothing listens',
      'there',
      '',
      'last known state:',
      ...page.head,
    ]);
  });
});

describe('whatIsWrong', () => {
  it('finds a destination that is dropping messages, also without a fault', () => {
    expect(listFaults(stats())).to.deep.equal([]);
    const wrong = listFaults(troubledStats()).map(({ what, fault }) => `${what}: ${fault.code}`);
    expect(wrong).to.deep.equal([
      'feed video2: no-source',
      'feed video10: silent',
      'stream stream/workshop/bench-with-the-long-name/left: no-source',
      'destination 0: unreachable',
      'destination lab: slow',
    ]);
  });
});

describe('a page on a terminal', () => {
  const page: Page = { head: ['head'], tables: ['1', '2', '3', '4'], tail: ['all is well'] };

  it('is cut in its tables where there are too few lines', () => {
    expect(fitPage(page, 8)).to.deep.equal(['head', '', '1', '2', '3', '4', '', 'all is well']);
    expect(fitPage(page, 7)).to.deep.equal([
      'head',
      '',
      '1',
      '2',
      '… 2 more lines (vw status without --watch shows all)',
      '',
      'all is well',
    ]);
    expect(fitPage(page, 2)).to.deep.equal(['head', '']);
  });

  it('is drawn over the one before', () => {
    expect(frameText(['one', 'two'])).to.equal('\u001b[H\u001b[Kone\r\n\u001b[Jtwo');
  });
});

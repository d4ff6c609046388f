// What the page says, for each thing that can be the matter: the server's words where it has some.

import { expect } from 'chai';
import { conditionOf, type PlayerFacts } from '../../../../src/web/player/page/condition.js';
import { ArrivalRhythm } from '../../../../src/web/player/media/arrival-rhythm.js';

const NOW = 100_000;
const ALL_MUTED = 'Picture and sound are muted by the host.';

/** A track of which something came every `gapMs` for `forMs` until `endMs` ago; with times of `lateMs` before. */
function track(endMs: number, { gapMs = 40, lateMs = 0, isCached = false, forMs = 4000 } = {}): PlayerFacts['picture'] {
  const rhythm = new ArrivalRhythm();
  for (let i = Math.max(10, Math.floor(forMs / gapMs)); i >= 0; i--) {
    const at = NOW - endMs - i * gapMs;
    rhythm.add(at - lateMs, isCached ? NOW - endMs : at);
  }
  return { rhythm, name: 'x', fault: '' };
}

function facts(some: Partial<PlayerFacts>): PlayerFacts {
  return {
    openedAt: NOW - 60_000,
    arrivedAt: NOW,
    dataAt: 0,
    picture: track(0),
    sound: track(0),
    isShown: true,
    signalled: null,
    server: { state: 'live', fault: null, muted: null },
    isReachable: true,
    ...some,
  };
}

const silent = {
  code: 'silent',
  message: 'feed "video0": 127.0.0.1:1 is connected, and has sent nothing for more than 5 s',
} as const;
const nobody = { code: 'no-source', message: 'feed "audio0": no source publishes to this feed' } as const;
const stopped = { code: 'track-stopped', message: 'it has sent no sound for 5 s, only pictures' } as const;
const seldom = { code: 'waiting-for-keyframe', message: 'keyframes come every 10 s, and a viewer waits' } as const;
const junk = { code: 'no-tables', message: 'what 127.0.0.1:1 sends is not MPEG-TS: there is no packet in it' } as const;

describe('what the page says', () => {
  const cases: [what: string, some: Partial<PlayerFacts>, state: string, text: string][] = [
    ['nothing where all is well', {}, 'playing', ''],
    ['nothing of a program without sound', { sound: null }, 'playing', ''],
    ['nothing of sound alone', { picture: null }, 'playing', ''],
    ['nothing of a picture every two seconds', { picture: track(1900, { gapMs: 2000 }) }, 'playing', ''],
    ['that a picture has stopped', { picture: track(5000) }, 'frozen', 'The picture has stopped.'],
    [
      'why a picture has stopped',
      { picture: track(9000), server: { state: 'live', fault: silent, muted: null } },
      'frozen',
      `The picture has stopped: ${silent.message}.`,
    ],
    [
      'that a picture is old which a cache has kept',
      { picture: track(100, { lateMs: 30_000, isCached: true }), openedAt: NOW - 200 },
      'frozen',
      'The picture has stopped.',
    ],
    [
      'that no picture comes which the tables list',
      { picture: { rhythm: null, name: 'x', fault: '' } },
      'frozen',
      'No picture arrives.',
    ],
    [
      'that it waits, where the sound has come back a moment before the picture',
      { picture: { rhythm: null, name: 'x', fault: '' }, sound: track(0, { forMs: 1000 }) },
      'waiting',
      'Waiting for a picture…',
    ],
    [
      'that a stream lacks its sound',
      { sound: null, server: { state: 'live', fault: nobody, muted: null } },
      'playing',
      `No sound: ${nobody.message}.`,
    ],
    [
      'what else is wrong where sound that is listed has stopped',
      { sound: track(5000), server: { state: 'live', fault: seldom, muted: null } },
      'playing',
      `The sound has stopped. Also, ${seldom.message}.`,
    ],
    [
      'what is wrong, and of sound nothing, where none is listed or missed',
      { sound: null, server: { state: 'live', fault: seldom, muted: null } },
      'playing',
      'Keyframes come every 10 s, and a viewer waits.',
    ],
    [
      'what else is wrong where the picture has stopped',
      { picture: track(5000), server: { state: 'live', fault: seldom, muted: null } },
      'frozen',
      `The picture has stopped. Also, ${seldom.message}.`,
    ],
    [
      'what is missing although picture and sound go on',
      { server: { state: 'live', fault: nobody, muted: null } },
      'playing',
      'Feed "audio0": no source publishes to this feed.',
    ],
    [
      'nothing of what has just come back, and the server has not noticed',
      { picture: track(0, { forMs: 1000 }), server: { state: 'live', fault: silent, muted: null } },
      'playing',
      '',
    ],
    [
      'nothing of missing sound where it was the picture that was missed, and the server has not noticed',
      {
        picture: track(0, { forMs: 1000 }),
        sound: null,
        server: {
          state: 'absent',
          fault: { code: 'no-source', message: 'feed "video0": no source publishes to this feed' },
          muted: null,
        },
      },
      'playing',
      '',
    ],
    [
      'at once that a track has stopped, to who comes just then',
      { picture: track(0, { forMs: 1000 }), sound: null, server: { state: 'live', fault: stopped, muted: null } },
      'playing',
      `No sound: ${stopped.message}.`,
    ],
    ['nothing of sound that was added just now', { sound: { rhythm: null, name: 'x', fault: '' } }, 'playing', ''],
    ['that sound has stopped', { sound: track(5000) }, 'playing', 'The sound has stopped.'],
    [
      'that the host has muted the sound',
      { sound: null, server: { state: 'live', fault: null, muted: 'audio' } },
      'playing',
      'The sound is muted by the host.',
    ],
    [
      'that the host has muted a feed of sound alone',
      { picture: null, sound: null, arrivedAt: 0, server: { state: 'live', fault: null, muted: 'audio' } },
      'away',
      'The sound is muted by the host.',
    ],
    [
      'that the host has muted it, to who comes just now',
      { picture: null, sound: null, openedAt: NOW - 100, server: { state: 'live', fault: null, muted: 'audio' } },
      'waiting',
      'The sound is muted by the host.',
    ],
    [
      'that the host has muted everything',
      { picture: null, sound: null, arrivedAt: 0, server: { state: 'live', fault: null, muted: 'all' } },
      'away',
      'Picture and sound are muted by the host.',
    ],
    [
      'that the host has muted everything, though its tables go on',
      { picture: null, sound: null, server: { state: 'live', fault: null, muted: 'all' } },
      'away',
      ALL_MUTED,
    ],
    [
      'the same of a feed, whose tables still list the tracks',
      {
        picture: track(5000),
        sound: { rhythm: null, name: 'x', fault: '' },
        server: { state: 'live', fault: null, muted: 'all' },
      },
      'away',
      ALL_MUTED,
    ],
    ['that everything is muted, at once by the PMT alone', { signalled: 'all', server: null }, 'away', ALL_MUTED],
    [
      'the same where the picture could not be played here',
      { signalled: 'all', picture: { rhythm: null, name: 'H.265', fault: 'No H.265 here.' } },
      'away',
      ALL_MUTED,
    ],
    [
      'nothing of a mute that is over, though the server has not noticed',
      { server: { state: 'live', fault: null, muted: 'all' } },
      'playing',
      '',
    ],
    [
      'that nothing arrives, where the last PMT was muted and its server is gone',
      { signalled: 'all', picture: null, sound: null, arrivedAt: NOW - 5000, isReachable: false },
      'away',
      'Nothing arrives, and the server does not answer. Playback resumes by itself.',
    ],
    [
      'that the sound is muted, by the PMT alone',
      { sound: { rhythm: null, name: 'x', fault: '' }, signalled: 'audio', server: null },
      'playing',
      'The sound is muted by the host.',
    ],
    [
      'what it is that comes and is no MPEG-TS',
      { picture: null, sound: null, arrivedAt: 0, server: { state: 'live', fault: junk, muted: null } },
      'away',
      `Nothing arrives that can be played: ${junk.message}. Playback resumes by itself.`,
    ],
    [
      'that data comes which cannot be played',
      { picture: null, sound: null, arrivedAt: 0, dataAt: NOW - 100 },
      'away',
      'Data arrives, but nothing that can be played. Playback resumes by itself.',
    ],
    [
      'that everything has stopped',
      { picture: track(5000), sound: track(5000), arrivedAt: NOW - 5000 },
      'away',
      'Nothing arrives. Playback resumes by itself.',
    ],
    [
      'that the server is gone',
      { picture: track(5000), sound: track(5000), arrivedAt: NOW - 5000, isReachable: false },
      'away',
      'Nothing arrives, and the server does not answer. Playback resumes by itself.',
    ],
    [
      'what cannot be shown here',
      { picture: { rhythm: null, name: 'H.265', fault: 'No H.265 here.' } },
      'unplayable',
      'No H.265 here. The sound goes on.',
    ],
    [
      'that it waits',
      { picture: null, sound: null, openedAt: NOW - 500, arrivedAt: 0 },
      'waiting',
      'Waiting for a picture…',
    ],
    [
      'what it waits for, however long',
      {
        picture: null,
        sound: null,
        openedAt: NOW - 9000,
        arrivedAt: 0,
        server: { state: 'live', fault: seldom, muted: null },
      },
      'waiting',
      `Waiting for a picture: ${seldom.message}.`,
    ],
  ];
  it('ends a question with its own mark', () => {
    const fault = { code: 'no-source', message: 'no source publishes to this feed; did you mean video0?' };
    const server = { state: 'absent', fault, muted: null } as const;
    const { text } = conditionOf(
      facts({ picture: null, sound: null, openedAt: NOW - 9000, arrivedAt: 0, server }),
      NOW,
    );
    expect(text).to.equal(
      'Nothing arrives: no source publishes to this feed; did you mean video0? Playback resumes by itself.',
    );
  });

  for (const [what, some, state, text] of cases) {
    it(`is ${what}`, () => {
      const { state: found, text: message } = conditionOf(facts(some), NOW);
      expect([found, message]).to.deep.equal([state, text]);
    });
  }

  it('lets no picture stay, and counts none as frozen, while everything is muted and only then', () => {
    for (const [some, isMuted] of [
      [{ picture: track(5000), signalled: 'all' }, true],
      [{ picture: track(5000), sound: null, server: { state: 'live', fault: null, muted: 'all' } }, true],
      [{ picture: track(5000), signalled: 'audio' }, false],
      [{ picture: track(5000), sound: track(5000), arrivedAt: NOW - 5000 }, false],
    ] as [Partial<PlayerFacts>, boolean][]) {
      const found = conditionOf(facts(some), NOW);
      expect([found.isMuted, found.frozenAt === null]).to.deep.equal([isMuted, isMuted]);
    }
  });

  it('has since when the picture stands still, also for who has just come', () => {
    expect(conditionOf(facts({ picture: track(5000) }), NOW).frozenAt).to.equal(NOW - 5000);
    const kept = facts({ picture: track(100, { lateMs: 30_000, isCached: true }) });
    expect(conditionOf(kept, NOW).frozenAt).to.equal(NOW - 30_100);
    expect(conditionOf(facts({}), NOW).frozenAt).to.equal(null);
  });
});

import { expect } from 'chai';
import { DropPolicy } from '../../../src/relay/delivery/drop-policy.js';
import { DEFAULT_LIMITS } from '../../../src/config/limits.js';
import { Message } from '../../../src/relay/message.js';
import { packets } from '../../support/mpegts/ts.js';

const HIGH = DEFAULT_LIMITS.highWaterBytes;

const plain = new Message('ts', packets(2), { accessPointOffset: -1, startsSource: false });

const join = new Message('ts', packets(2), { accessPointOffset: 0, startsSource: false });

describe('Gate', () => {
  let spells: [number, number][];
  let began: number;
  let gate: DropPolicy;
  beforeEach(() => {
    spells = [];
    began = 0;
    gate = new DropPolicy(DEFAULT_LIMITS, {
      droppingStarted: () => began++,
      droppingEnded: (messages, bytes) => spells.push([messages, bytes]),
    });
  });

  it('admits everything up to the high-water mark', () => {
    for (const waiting of [0, HIGH / 2, HIGH]) expect(gate.admits(plain, waiting, 0)).to.be.true;
    expect(gate.droppedMessages).to.equal(0);
  });

  it('drops whole messages over it and counts them', () => {
    expect(gate.admits(plain, HIGH + 1, 0)).to.be.false;
    expect(gate.admits(join, HIGH / 4, 1)).to.be.false;
    expect(gate).to.include({ droppedMessages: 2, droppedBytes: 4 * 188, isDropping: true });
    expect(began).to.equal(1);
  });

  it('resumes under a quarter of it, at a random access point', () => {
    gate.admits(plain, HIGH + 1, 0);
    expect(gate.admits(plain, HIGH / 4 - 1, 10)).to.be.false;
    expect(gate.admits(join, HIGH / 4 - 1, 20)).to.be.true;
    expect(gate.admits(plain, HIGH / 2, 30)).to.be.true;
    expect(spells).to.deep.equal([[2, 4 * 188]]);
  });

  it('resumes after 2 s where no random access point comes', () => {
    gate.admits(plain, HIGH + 1, 0);
    expect(gate.admits(plain, 0, 1999)).to.be.false;
    expect(gate.admits(plain, 0, 2000)).to.be.true;
  });

  it('waits 15 s from when the reader keeps up where random access points do come', () => {
    gate.admits(plain, HIGH + 1, 0);
    expect(gate.awaitsAccess).to.be.false;
    gate.admits(join, HIGH, 5000);
    expect(gate.admits(plain, 0, 6000)).to.be.false;
    expect(gate.awaitsAccess).to.be.true;
    expect(gate.admits(plain, 0, 20_999)).to.be.false;
    expect(gate.admits(plain, 0, 21_000)).to.be.true;
    expect(gate.awaitsAccess).to.be.false;
  });

  it('waits so long also where they came before it closed', () => {
    const facts = { tables: null, keyPid: -1, pids: [], marksAccess: true };
    const known = new Message('ts', packets(2), { accessPointOffset: -1, startsSource: false, facts });
    gate.admits(known, HIGH + 1, 0);
    expect(gate.admits(known, 0, 1000)).to.be.false;
    expect(gate.admits(known, 0, 15_999)).to.be.false;
    expect(gate.admits(known, 0, 16_000)).to.be.true;
  });

  it('resumes with any opaque message: it stands for itself', () => {
    gate.admits(plain, HIGH + 1, 0);
    expect(gate.admits(new Message('text', Buffer.from('x')), 0, 1)).to.be.true;
  });

  it('begins anew when its reader does', () => {
    gate.admits(plain, HIGH + 1, 0);
    gate.reset();
    expect(gate.admits(plain, 0, 1)).to.be.true;
    expect(spells).to.deep.equal([[1, 2 * 188]]);
  });
});

import { expect } from 'chai';
import { type TrackCommand, WorkerTrack } from '../../../../src/web/player/worker/worker-track.js';

const packets = (byte: number) => new Uint8Array(188).fill(byte);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('WorkerTrack', () => {
  it('begins with all that is written to it in one go, however long after it was made', async () => {
    const begun: Uint8Array[][] = [];
    const orders: TrackCommand[] = [];
    const track = new WorkerTrack(
      7,
      (order) => orders.push(order),
      (recent) => begun.push(recent),
    );
    await turn();
    expect(begun, 'nothing to begin with yet').to.deep.equal([]);
    for (const byte of [1, 2, 3]) track.write(packets(byte));
    await turn();
    track.write(packets(4)); // it goes on by itself with what comes
    await turn();
    expect(begun).to.deep.equal([[1, 2, 3].map(packets)]);
    track.playedTo(5);
    track.stop();
    track.close();
    expect(orders).to.deep.equal([
      { type: 'played', id: 7, to: 5 },
      { type: 'stop', id: 7 },
      { type: 'close', id: 7 },
    ]);
  });
});

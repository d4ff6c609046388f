// Rules on a disk that fails in every way, and on one whose power is cut.

import { DISK_CALLS, type DiskCall, refuseWhile } from '../support/programs/failing-disk.js';

describe('saved rules on a disk that fails', () => {
  for (const call of Object.keys(DISK_CALLS) as DiskCall[]) {
    for (const error of ['EIO', 'ENOSPC', 'EROFS', 'EDQUOT', 'EACCES']) {
      it(`are refused while ${call} fails with ${error}, and mutes take effect all the same`, async () => {
        await refuseWhile(call, error);
      });
    }
  }
});

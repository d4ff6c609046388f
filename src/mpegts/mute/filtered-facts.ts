// Program information for readers of a muted feed: the Inspector's, with the continuity counters of what passed.

import type { ProgramFacts } from '../splice/splicer.js';
import type { Inspector } from '../inspect/inspector.js';
import type { MuteFilter } from './mute-filter.js';

/** Information about a program that is, or was, partly muted. */
export function filteredFacts(inspector: Inspector, filter: MuteFilter): ProgramFacts {
  return {
    get tables() {
      const { tables } = inspector;
      return tables && filter.tables(tables);
    },
    get keyPid() {
      return inspector.keyPid;
    },
    get isKeyMuted() {
      return inspector.isKeyMuted || filter.withholdsSoundOf(inspector.keyPid);
    },
    get pids() {
      return inspector.pids;
    },
    get marksAccess() {
      return inspector.marksAccess;
    },
    get hasStamps() {
      return inspector.hasStamps;
    },
    get awaitsTables() {
      return inspector.awaitsTables;
    },
    get opening() {
      return inspector.opening && filter.shift(new Uint8Array(inspector.opening));
    },
    get undecidedAt() {
      return filter.undecidedAt;
    },
    get parameterSets() {
      return inspector.parameterSets;
    },
  };
}

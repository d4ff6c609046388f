// The kinds of endpoints, a line each. endpoint-kind.ts says how to add one, and kind-of.ts chooses.

export { plain } from './plain.js';
export { crossbar } from './crossbar.js';
export { practable } from './practable.js';

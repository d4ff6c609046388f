// How V8 runs the relay; imported before anything else. A relay's heap is small and stays as it is: collecting it just
// because the program seems idle (V8's memory reducer) costs more than it frees.

import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-memory-reducer');

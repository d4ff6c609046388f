// `npm run build`: makes dist/, from nothing.

import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
await import('./build-program.mjs');
await import('./build-web.mjs');

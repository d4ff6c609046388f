// `npm run build`: makes dist/ anew.

import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
await import('./build-program.mjs');
await import('./build-web.mjs');

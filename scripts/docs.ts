// `npm run docs`: writes docs/reference from what the code knows (scripts/reference).

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePages } from './reference/pages.js';

for (const [name, text] of Object.entries(await referencePages())) {
  writeFileSync(fileURLToPath(new URL(`../docs/reference/${name}`, import.meta.url)), text);
  console.log(`docs/reference/${name}`);
}

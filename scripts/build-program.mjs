// Builds the program into dist/cmd: one file for what every command needs and one for each that only some do. Loading a
// few large files takes a quarter of the processor time of loading some eight hundred small ones, which is what a
// restart costs on a board. Names are kept, so that stack traces can be read; `node --enable-source-maps` shows them in
// terms of the sources.

import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import wabt from 'wabt';

const OUT = 'dist/cmd';

const { metafile } = await build({
  entryPoints: ['cmd/vw.ts'],
  outdir: OUT,
  bundle: true,
  splitting: true,
  chunkNames: 'part-[hash]', // beside vw.js: files that are read at run time are found from there
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  // Some dependencies are CommonJS and load Node's own modules by require().
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  metafile: true,
  logLevel: 'warning',
});
chmodSync(`${OUT}/vw.js`, 0o755);

const { parseWat } = await wabt();
const MASK = 'src/relay/framing/mask.wat';
const mask = parseWat(MASK, readFileSync(MASK, 'utf8'), { simd: true });
writeFileSync('dist/mask.wasm', mask.toBinary({}).buffer);

// Bundled code is shipped with its licence.
const folders = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
  if (folder !== undefined) folders.add(folder);
}
writeFileSync('dist/licences.txt', [...folders].sort().map(licenceOf).join('\n\n'));

function licenceOf(folder) {
  const { name, license, author } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text =
    file === undefined ? `${license}, by ${author?.name ?? author}` : readFileSync(`${folder}/${file}`, 'utf8');
  return `${name}\n\n${text}`;
}

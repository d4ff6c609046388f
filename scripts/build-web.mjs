// Builds the pages' files: the player for browsers, its style and its icon, into dist/web; and takes what
// `vw demo` plays along, into dist/demo.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

const OUT = 'dist/web';

/**
 * jsmpeg puts a style into the page when it is loaded, which our policy forbids, and carries WebAssembly that it
 * forbids too.
 */
const leaner = {
  name: 'jsmpeg without its page',
  setup({ onLoad }) {
    onLoad({ filter: /jsmpeg-player\.esm\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text
        .replace('styleInject(css_248z);', '')
        .replace(/^var WASM_BINARY = '[^']*';/m, "var WASM_BINARY = '';");
      if (text.length - contents.length < 10_000 || contents.includes('styleInject(css_248z)')) {
        throw new Error('jsmpeg has changed: scripts/build-web.mjs does not know it');
      }
      return { contents, loader: 'js' };
    });
  },
};

/** mpegts.js's package exports a whole player; these are the parts of it that ours is made of (mpegts-parts.d.ts). */
const PARTS = {
  'mpegts-parts/ts-demuxer': 'mpegts.js/src/demux/ts-demuxer.ts',
  'mpegts-parts/mp4-generator': 'mpegts.js/src/remux/mp4-generator.js',
  'mpegts-parts/aac-silent': 'mpegts.js/src/remux/aac-silent.js',
  'mpegts-parts/logger': 'mpegts.js/src/utils/logger.js',
};

/** Scripts, by their folders in src/web/player. All are served from one folder. */
const SCRIPTS = {
  page: ['main', 'topic-list'],
  mpeg1: ['mpeg1-player'],
  mse: ['mse-player', 'mse-track'],
  worker: ['player-worker'],
};

/** What a script imports when it needs it is a script of its own, beside it. */
const loadedLater = {
  name: 'scripts that are loaded later',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path)}`, external: true } : null,
    );
  },
};

mkdirSync(OUT, { recursive: true });
// The page asks for an engine once it knows which; both are fetched beside the page's own script (player-page.ts), and
// stand alone, for a shared part would be one more way there and back before the first picture.
for (const [folder, names] of Object.entries(SCRIPTS)) {
  await build({
    entryPoints: names.map((name) => `src/web/player/${folder}/${name}.ts`),
    outdir: OUT,
    bundle: true,
    alias: PARTS,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'eof',
    tsconfig: 'src/web/player/tsconfig.json',
    plugins: [leaner, loadedLater],
    logLevel: 'warning',
  });
}
for (const name of readdirSync('src/web/static')) copyFileSync(`src/web/static/${name}`, `${OUT}/${name}`);

// Bundled code is shipped with its licence.
const bundled = ['@cycjimmy/jsmpeg-player', 'mpegts.js'];
const licences = bundled.map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`);
writeFileSync(`${OUT}/licences.txt`, licences.join('\n\n'));

cpSync('src/demo/media', 'dist/demo', { recursive: true });

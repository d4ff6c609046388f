// Builds the pages' files: the player for browsers, its style and its icon, into dist/web; and takes what
// `vw demo` plays along, into dist/demo.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** What a script loads by itself when it wants it. */
const LOADED_LATER = { main: ['./mpeg1-player.js', './mse-player.js'], 'mse-player': ['./mse-track.js'] };

mkdirSync(OUT, { recursive: true });
// The page asks for an engine once it knows which; both are fetched beside the page's own script (player-page.ts), and
// stand alone, for a shared part would be one more way there and back before the first picture.
for (const name of ['main', 'mpeg1-player', 'mse-player', 'mse-track', 'player-worker', 'topic-list']) {
  await build({
    entryPoints: [`src/web/browser/${name}.ts`],
    outdir: OUT,
    bundle: true,
    alias: PARTS,
    external: LOADED_LATER[name] ?? [],
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'eof',
    tsconfig: 'src/web/browser/tsconfig.json',
    plugins: [leaner],
    logLevel: 'warning',
  });
}
for (const name of readdirSync('src/web/static')) copyFileSync(`src/web/static/${name}`, `${OUT}/${name}`);

// Bundled code is shipped with its licence.
const bundled = ['@cycjimmy/jsmpeg-player', 'mpegts.js'];
const licences = bundled.map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`);
writeFileSync(`${OUT}/licences.txt`, licences.join('\n\n'));

cpSync('src/demo/media', 'dist/demo', { recursive: true });

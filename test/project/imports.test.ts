// Who may import whom: DESIGN.md, "Folders".

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  mpegts: [],
  relay: ['mpegts'],
  process: [],
  ingest: ['relay', 'process', 'mpegts'], // mpegts: an upload finds its packets
  http: ['relay'], // what the two servers share
  serve: ['mpegts', 'relay', 'http', 'web'],
  api: ['relay', 'ingest', 'process', 'http', 'web'],
  demo: ['mpegts', 'relay', 'api', 'serve'], // starts all of it in one program
  web: ['mpegts'], // the player reads packets in the browser
};

/** Every import of a file: of ours as a path from the project's root, others by name. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
  return found.map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name));
}

const files = ['src', 'cmd'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.ts')),
);
const imports = files.flatMap((path) => importsOf(path).map((name) => ({ path, name })));
const folderOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1];

describe('imports', () => {
  it('are found', () => {
    expect(imports).to.deep.include({ path: 'src/api/app.ts', name: 'express' });
    expect(imports).to.deep.include({ path: 'src/relay/feed/feed.ts', name: 'src/mpegts/inspect/inspector.js' });
  });

  for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
    it(`of src/${folder} are its own, single files of src, and ${allowed.join(', ') || 'no other folder'}`, () => {
      const wrong = imports.filter(({ path, name }) => {
        const other = folderOf(name);
        return folderOf(path) === folder && other !== undefined && other !== folder && !allowed.includes(other);
      });
      expect(wrong).to.deep.equal([]);
    });
  }

  it('of src/cli are its own, single files of src, and what is plain data of the relay', () => {
    const data = ['rules', 'mute-rule', 'similar-name', 'event', 'stats-schema'].map((name) => `src/relay/${name}.js`);
    const wrong = imports.filter(({ path, name }) => {
      const other = folderOf(name);
      return folderOf(path) === 'cli' && other !== undefined && other !== 'cli' && !data.includes(name);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('of src/mpegts are from src/mpegts only', () => {
    const wrong = imports.filter(({ path, name }) => folderOf(path) === 'mpegts' && folderOf(name) !== 'mpegts');
    expect(wrong).to.deep.equal([]);
  });

  it('of src/relay/rules/rules.ts are of nothing of ours but its own words, which are of nothing', () => {
    const rules = ['src/relay/rules/rules.ts', 'src/relay/rules/rule-messages.ts'];
    const wrong = imports.filter(({ path, name }) => {
      return rules.includes(path) && name.startsWith('src/') && name !== 'src/relay/rules/rule-messages.js';
    });
    expect(wrong).to.deep.equal([]);
  });

  it('of cmd are of nobody in src', () => {
    expect(imports.filter(({ path, name }) => path.startsWith('src/') && name.startsWith('cmd/'))).to.deep.equal([]);
  });

  const only = (what: RegExp, where: RegExp) =>
    imports.filter(({ path, name }) => what.test(name) && !where.test(path)).map(({ path }) => path);

  it('of express are in src/api and src/serve only', () => {
    expect(only(/^express$/, /^src\/(api|serve)\//)).to.deep.equal([]);
  });

  it('of child_process are in src/process only', () => {
    expect(only(/^(node:)?child_process$/, /^src\/process\//)).to.deep.equal([]);
  });

  it('of reconnecting-websocket are in one file', () => {
    expect(only(/^reconnecting-websocket$/, /^src\/relay\/reconnecting\.ts$/)).to.deep.equal([]);
  });

  it('leave signals and process.exit to cmd', () => {
    const wrong = files.filter(
      (path) => path.startsWith('src/') && /process\.(exit\(|on\()/.test(readFileSync(path, 'utf8')),
    );
    expect(wrong).to.deep.equal([]);
  });
});

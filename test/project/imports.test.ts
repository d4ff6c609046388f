// Who may import whom: ARCHITECTURE.md, "Folders".

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';

/** Folders of src, and the other folders that each may import. Single files of src are open to all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  mpegts: [],
  log: [],
  fairness: [],
  process: [],
  http: ['log', 'fairness'],
  relay: ['mpegts', 'config', 'log', 'fairness'], // config: its limits are settings
  ingest: ['relay', 'process', 'mpegts'], // mpegts: an upload finds its packets
  serve: ['mpegts', 'relay', 'http', 'config', 'log', 'fairness'],
  state: ['relay', 'log'], // rules only: see below
  api: ['relay', 'ingest', 'process', 'http', 'state', 'log', 'fairness'],
  web: ['mpegts', 'relay', 'serve', 'http'], // what it shows; the player reads packets in the browser
  cli: ['relay', 'config', 'http', 'log'],
  config: ['log'],
  demo: ['mpegts', 'relay', 'state', 'api', 'serve', 'web', 'config', 'log'], // starts all of it in one program
};

/** Every import of a file, of types too: of ours as a path from the project's root, others by name. */
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

/** The files of a cycle of imports; null: there is none. */
function findCycle(): string[] | null {
  const next = new Map(files.map((path) => [path, [] as string[]]));
  for (const { path, name } of imports) {
    const file = name.replace(/\.js$/, '.ts');
    if (next.has(file)) next.get(path)!.push(file);
  }
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    done.add(path);
    for (const file of next.get(path)!) {
      const cycle = visit(file, [...trail, path]);
      if (cycle) return cycle;
    }
    return null;
  };
  for (const path of files) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return null;
}

describe('imports', () => {
  it('are found', () => {
    expect(imports).to.deep.include({ path: 'src/api/app.ts', name: 'express' });
    expect(imports).to.deep.include({ path: 'src/relay/feed/feed.ts', name: 'src/mpegts/inspect/inspector.js' });
  });

  it('have no cycle, those of types included', () => {
    expect(findCycle()).to.equal(null);
  });

  it('are known of each folder of src', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== undefined));
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).to.deep.equal([]);
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

  it('of src/cli are plain data of the relay', () => {
    const rules = ['rules/rules', 'rules/endpoint-url', 'rules/mute-rule', 'rules/similar-name'];
    const data = [...rules, 'dial/kinds/kind-of', 'events/event', 'stats-schema'];
    const allowed = data.map((name) => `src/relay/${name}.js`);
    const wrong = imports.filter(({ path, name }) => {
      return folderOf(path) === 'cli' && folderOf(name) === 'relay' && !allowed.includes(name);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('of src/state are rules of the relay', () => {
    const wrong = imports.filter(({ path, name }) => {
      return folderOf(path) === 'state' && folderOf(name) === 'relay' && !name.startsWith('src/relay/rules/');
    });
    expect(wrong).to.deep.equal([]);
  });

  it('of src/mpegts are from src/mpegts only, and nothing of Node', () => {
    const wrong = imports.filter(({ path, name }) => folderOf(path) === 'mpegts' && folderOf(name) !== 'mpegts');
    expect(wrong).to.deep.equal([]);
  });

  it('of src/relay/rules/rules.ts are of nothing of ours but its messages, errors and addresses', () => {
    const rules = ['src/relay/rules/rules.ts', 'src/relay/rules/rule-messages.ts'];
    const own = ['src/relay/rules/rule-messages.js', 'src/relay/rules/endpoint-url.js', 'src/errors.js'];
    const wrong = imports.filter(({ path, name }) => {
      return rules.includes(path) && name.startsWith('src/') && !own.includes(name);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('of the kinds of endpoints, which rules and clients load, are pure', () => {
    const dial = 'src/relay/dial/';
    const isKind = (name: string) => name.startsWith(`${dial}kinds/`);
    const pure = [...['faults', 'secrets', 'transport'].map((name) => dial + name), 'src/log/safe-url'];
    const isPure = (name: string) => isKind(name) || pure.some((one) => name === `${one}.js`);
    const files = [...pure.map((one) => `${one}.ts`), 'src/relay/rules/endpoint-url.ts'];
    const wrong = imports.filter(({ path, name }) => {
      const isType = name === 'src/relay/events/event.js'; // the codes of faults
      return (isKind(path) || files.includes(path)) && !isPure(name) && !isType;
    });
    expect(wrong).to.deep.equal([]);
    for (const path of [...files, ...imports.map((one) => one.path).filter(isKind)]) {
      expect(readFileSync(path, 'utf8'), path).not.to.match(/^import (?!type).*events\/event/m);
    }
  });

  it('of cmd are in cmd only', () => {
    expect(imports.filter(({ path, name }) => path.startsWith('src/') && name.startsWith('cmd/'))).to.deep.equal([]);
  });

  const only = (what: RegExp, where: RegExp) =>
    imports.filter(({ path, name }) => what.test(name) && !where.test(path)).map(({ path }) => path);

  it('of express are in src/http, src/api, src/serve and src/runners only', () => {
    expect(only(/^express$/, /^src\/(http|api|serve|runners)\//)).to.deep.equal([]);
  });

  it('of child_process are in src/process only', () => {
    expect(only(/^(node:)?child_process$/, /^src\/process\//)).to.deep.equal([]);
  });

  it('of reconnecting-websocket are in one file', () => {
    expect(only(/^reconnecting-websocket$/, /^src\/relay\/dial\/reconnecting\.ts$/)).to.deep.equal([]);
  });

  it('leave signals and process.exit to cmd', () => {
    const wrong = files.filter(
      (path) => path.startsWith('src/') && /process\.(exit\(|on\()/.test(readFileSync(path, 'utf8')),
    );
    expect(wrong).to.deep.equal([]);
  });
});

describe('folders', () => {
  it('hold at most 16 files', () => {
    const sizes = new Map<string, number>();
    for (const path of files) sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
    expect([...sizes].filter(([, size]) => size > 16)).to.deep.equal([]);
  });
});

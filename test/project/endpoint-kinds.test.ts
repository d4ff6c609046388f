// A kind of endpoint is one file and one line: nothing else knows the kinds by name, by their schemes or by their replies.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { KINDS, kindOf } from '../../src/relay/dial/kinds/kind-of.js';

const FOLDER = 'src/relay/dial/kinds';
/** What is in that folder and no kind. */
const SHARED = ['authorisation.ts', 'endpoint-kind.ts', 'kind-of.ts', 'kinds.ts'];

const filesIn = (...folders: readonly string[]) =>
  folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
    .filter((path) => path.endsWith('.ts'));
/** What has to do with endpoints; what serves and what plays has addresses of its own. */
const others = filesIn('src/relay', 'src/api/control', 'src/cli/rules', 'src/config', 'cmd/shared').filter(
  (path) => !path.startsWith(FOLDER),
);

/** A file without its comments, which may mention a kind. */
function codeOf(path: string): string {
  return readFileSync(path, 'utf8').replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/ .*$/gm, '');
}

describe('kinds of endpoints', () => {
  it('are a file and a line each', () => {
    const lines = readFileSync(join(FOLDER, 'kinds.ts'), 'utf8').split('\n');
    const listed = lines.flatMap((line) => /^export \{ (\w+) \} from '\.\/\1\.js';$/.exec(line)?.[1] ?? []);
    const files = readdirSync(FOLDER).filter((name) => !SHARED.includes(name));
    expect(listed.map((name) => `${name}.ts`).sort()).to.deep.equal(files.sort());
    expect(KINDS.map(({ name }) => name).sort()).to.deep.equal(listed.sort());
  });

  it('are imported by their list only', () => {
    const kind = new RegExp(`/(?:${KINDS.map(({ name }) => name).join('|')})\\.js'`);
    const wrong = filesIn('src', 'cmd').filter((path) => kind.test(readFileSync(path, 'utf8')));
    expect(wrong).to.deep.equal([join(FOLDER, 'kinds.ts')]);
  });

  it('are named in no other code', () => {
    const own = KINDS.map(({ name }) => name).filter((name) => name !== 'plain'); // which is a word, too
    const names = new RegExp(`\\b(?:${own.join('|')})`, 'i');
    expect(others.length).to.be.greaterThan(80);
    expect(others.filter((path) => names.test(codeOf(path)))).to.deep.equal([]);
    expect(others.filter((path) => /["']plain["']/.test(codeOf(path)) && path.includes('dial'))).to.deep.equal([
      'src/relay/dial/tls-probe.ts', // the contrary of TLS
    ]);
  });

  it('are told apart by a scheme, or by what is said of their addresses, in no other code', () => {
    const scheme = /\/\^\(?(?:ws|http)|(['"`])(?:ws|http)s?:\1|(?:starts|ends)With\(['"`](?:ws|http)/;
    const transport = 'src/relay/dial/transport.ts';
    expect(codeOf(transport)).to.match(scheme);
    const allowed = [
      transport,
      'src/relay/dial/forward-proxy.ts', // addresses of proxies
      'src/config/setting-types.ts', // origins of pages, audiences of tokens
    ];
    const forms = KINDS.flatMap((kind) => kind.forms);
    const found = others.filter((path) => {
      const code = codeOf(path);
      return !allowed.includes(path) && (scheme.test(code) || forms.some((form) => code.includes(form)));
    });
    expect(found).to.deep.equal([]);
  });

  it("have their replies read in no other code: not in a link's", () => {
    const read = /readAuthorisation|\bauthorised\b|faultOfClose|faultOfUpgrade|withoutToken|withToken|querySecrets/;
    const helpers = ['src/relay/dial/faults.ts', 'src/relay/dial/secrets.ts'];
    expect(others.filter((path) => !helpers.includes(path) && read.test(codeOf(path)))).to.deep.equal([]);
  });

  for (const scheme of new Set(KINDS.flatMap(({ schemes }) => schemes))) {
    for (const token of [null, 'a-token']) {
      it(`have one that ${scheme}// ${token === null ? 'without' : 'with'} a token is of`, () => {
        const traits = { url: new URL(`${scheme}//relay.example.org/in/x`), hasToken: token !== null };
        const [first, second] = KINDS.filter((kind) => kind.schemes.includes(scheme) && kind.recognises(traits));
        expect(first).not.to.equal(undefined);
        expect(kindOf(traits.url.href, token)).to.equal(first);
        if (second) expect(first!.precedence).to.be.greaterThan(second.precedence);
      });
    }
  }
});

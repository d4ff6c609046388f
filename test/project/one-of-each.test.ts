// What every command and folder needs is there once, and used by all.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const files = ['src', 'cmd']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
  .filter((path) => path.endsWith('.ts') && !path.startsWith('src/web/player/')); // which runs in a browser

const having = (text: RegExp) => files.filter((path) => text.test(readFileSync(path, 'utf8')));

describe('there is one', () => {
  it('HTTP client', () => {
    const client = /import \{[^}]*\b(?:request|get)\b[^}]*\} from '(?:node:)?https?'|\bfetch\(/;
    expect(having(client)).to.deep.equal(['src/http-client.ts']);
  });

  it('painter of text, beside what moves the cursor', () => {
    expect(having(/\\(?:u001b|x1b|033)|\bstyleText\b|\bSGR\b/i).sort()).to.deep.equal([
      'src/cli/terminal/screen-frame.ts',
      'src/paint.ts',
    ]);
  });

  it('parser of command lines', () => {
    expect(having(/\bparseArgs\b/)).to.deep.equal(['cmd/shared/arguments.ts']);
    expect(having(/process\.argv/)).to.deep.equal(['cmd/vw.ts']);
  });

  it('reader of X-Forwarded-For, and of ranges of addresses', () => {
    expect(having(/\bBlockList\b|from 'proxy-addr'/)).to.deep.equal(['src/serve/clients/client-address.ts']);
  });
});

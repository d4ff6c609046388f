// The files of the pages: built by `npm run build`, read once, served with an ETag so that browsers can cache them.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { builtFile } from '../../built-file.js';

/** A file to serve. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  /** ETag (RFC 9110 §8.8.3). */
  readonly tag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

const read = new Map<string, PageFile>();

/** The file with a plain name; `null`: there is none. */
export function pageFile(name: string): PageFile | null {
  const known = read.get(name);
  if (known) return known;
  const type = TYPES[extname(name)];
  if (type === undefined || !/^[A-Za-z0-9_-]+\.[a-z]+$/.test(name)) return null;
  const path = builtFile(`web/${name}`);
  if (!existsSync(path)) return null;
  const body = readFileSync(path);
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const file = { type, body, gzipped: gzipSync(body), tag };
  read.set(name, file);
  return file;
}

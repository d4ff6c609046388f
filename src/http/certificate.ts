// The certificate of our own server, read again when its files change. Connections that are there keep theirs.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { Server } from 'node:http';
import type { Log } from '../log.js';

/** Where the certificate is: PEM files, the certificate with its chain. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * What is in the files now. Throws if they cannot be read, or do not belong together; also if one is empty, as a file is for a
 * moment while it is copied: Node would serve without it, and no handshake would succeed.
 */
export function readCertificate(files: CertificateFiles): { cert: string; key: string } {
  const pair = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  new X509Certificate(pair.cert);
  createPrivateKey(pair.key);
  createSecureContext(pair);
  return pair;
}

const LOOK_MS = 2000;

/** Gives `server` the new certificate when the files change; a bad one is left aside. Returns what ends the watching. */
export function watchCertificate(files: CertificateFiles, server: Server, log: Log): () => void {
  const onChange = () => {
    try {
      if (server instanceof TlsServer) server.setSecureContext(readCertificate(files));
      log.info('certificate read again', { cert: files.cert });
    } catch (error) {
      // Often only half done: one file is new, the other comes in a moment.
      log.warn('new certificate cannot be used, the old one stays', { reason: (error as Error).message });
    }
  };
  // By looking, not by inotify: it sees symbolic links swapped and network file systems too.
  const paths = [files.cert, files.key];
  for (const path of paths) watchFile(path, { interval: LOOK_MS, persistent: false }, onChange);
  return () => {
    for (const path of paths) unwatchFile(path, onChange);
  };
}

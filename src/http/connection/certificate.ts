// The server's certificate, read again when its files change. Open connections keep the old one.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { Server } from 'node:http';
import type { Log } from '../../log/log.js';

/** PEM files: the certificate with its chain, and its private key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads the files. Throws if they cannot be read or do not match; also if one is empty, as a file is for a moment while
 * it
 * is copied: Node would serve without it, and no handshake would succeed.
 */
export function readCertificate(files: CertificateFiles): { cert: string; key: string } {
  const pair = { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
  new X509Certificate(pair.cert);
  createPrivateKey(pair.key);
  createSecureContext(pair);
  return pair;
}

const CHECK_INTERVAL_MS = 2000;

/**
 * Gives `server` the new certificate when the files change; an invalid one is ignored. Returns a function that stops
 * watching.
 */
export function watchCertificate(files: CertificateFiles, server: Server, log: Log): () => void {
  const onChange = () => {
    try {
      if (server instanceof TlsServer) server.setSecureContext(readCertificate(files));
      log.info('certificate read again', { cert: files.cert });
    } catch (error) {
      // Often a change half done: one file is new, the other follows in a moment.
      log.warn('new certificate cannot be used; keeping the old one', { reason: (error as Error).message });
    }
  };
  // Polling, not inotify: it also notices swapped symbolic links and changes on network file systems.
  const paths = [files.cert, files.key];
  for (const path of paths) watchFile(path, { interval: CHECK_INTERVAL_MS, persistent: false }, onChange);
  return () => {
    for (const path of paths) unwatchFile(path, onChange);
  };
}

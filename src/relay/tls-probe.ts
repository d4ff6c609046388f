// Whether TLS is spoken at an address that breaks off plain connections without a word, as servers with TLS do.

import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { tunnelWay } from './proxy.js';

/** Longest that an answer to a handshake is waited for. */
const PATIENCE_MS = 2000;

/**
 * Whether a server at the host and port of a ws:// or http:// URL answers a TLS handshake. Nothing is sent but that. A proxy
 * on the way is asked for a tunnel; false where it makes none.
 */
export async function speaksTls(url: string, signal: AbortSignal): Promise<boolean> {
  const { hostname, port: given } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(given || 80);
  const ended = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const way = tunnelWay(url);
  const callOff = () => way?.callOff();
  ended.addEventListener('abort', callOff);
  try {
    const tunnel = await way?.open(host, port);
    return !ended.aborted && (await answersHandshake(host, port, tunnel, ended));
  } catch {
    return false; // there is no tunnel
  } finally {
    ended.removeEventListener('abort', callOff);
    callOff();
  }
}

/** @param tunnel carries the handshake; without one it goes directly. */
function answersHandshake(
  host: string,
  port: number,
  tunnel: Socket | undefined,
  ended: AbortSignal,
): Promise<boolean> {
  const socket = connect({
    ...(tunnel ? { socket: tunnel } : { host, port }),
    rejectUnauthorized: false, // who it is does not matter: nothing is said to it
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  return new Promise((resolve) => {
    const onAbort = () => end(false);
    const end = (isTls: boolean) => {
      ended.removeEventListener('abort', onAbort);
      socket.destroy();
      tunnel?.destroy();
      resolve(isTls);
    };
    ended.addEventListener('abort', onAbort);
    tunnel?.on('error', () => end(false));
    socket.once('secureConnect', () => end(true));
    // An alert is TLS too: it wants a certificate of ours, or another name.
    socket.on('error', ({ message }: Error) => end(/\balert\b/.test(message)));
    socket.once('close', () => end(false));
  });
}

// The relay that a command uses: the one that is named, or the one that this machine's settings would start.

import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { certificatesIn } from '../../http/connection/pem.js';
import { ConfigError, describeSettings, readSettings, type Setting } from '../../config/read-settings.js';
import { type Definition, STREAM_SETTINGS } from '../../config/definitions.js';

/** The address of a relay and how to connect to it. */
export interface RelayAddress {
  /** http or https, without a trailing "/". */
  readonly url: string;
  readonly key: string | null;
  /** Trusted certificates in PEM; null: those that Node trusts. */
  readonly ca: readonly string[] | null;
  /** Whether `ca` is the relay's own certificate, which is trusted whatever name it is for. */
  readonly isPinned: boolean;
}

const CONNECTION_OPTIONS = {
  url: {
    env: 'VW_URL',
    option: 'url',
    default: '',
    read: relayUrl,
    doc: 'URL of the relay; by default from VW_HOST, VW_PORT and VW_CERT',
  },
  key: {
    ...STREAM_SETTINGS.apiKey,
    doc: 'its key; prefer the variable: other users can see an option in the list of processes',
  },
  ca: { ...STREAM_SETTINGS.ca, doc: 'PEM file of an authority to trust, or of a self-signed certificate' },
} satisfies Record<string, Definition>;
const LOCAL = { port: STREAM_SETTINGS.port, host: STREAM_SETTINGS.host, cert: STREAM_SETTINGS.cert };

/** The settings that select the relay, for `--help`. */
export const addressSettings: readonly Setting[] = describeSettings(CONNECTION_OPTIONS);

/** Reads `--url`, `--api-key`, `--ca` and the variables. Throws {@link ConfigError}. */
export function relayAddress(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): RelayAddress {
  const { url, key, ca } = readSettings(CONNECTION_OPTIONS, options, env);
  const given = {
    key: key === '' ? null : String(key),
    ca: ca === '' ? null : [...rootCertificates, ...readPem('--ca (VW_CA)', String(ca))],
  };
  if (url !== '') return { ...given, url: relayUrl(String(url)), isPinned: false };
  return { ...given, ...localAddress(env, given.ca) };
}

/** The address at which `vw stream` would listen with this environment. */
function localAddress(env: NodeJS.ProcessEnv, ca: RelayAddress['ca']): Pick<RelayAddress, 'url' | 'ca' | 'isPinned'> {
  const { port, host, cert } = readSettings(LOCAL, {}, env);
  if (port === 0)
    throw new ConfigError('VW_PORT=0 is any free port; accepted: --url with the address that its log says');
  const isEvery = host === '0.0.0.0' || host === '::';
  const name = isEvery ? (host === '::' ? '::1' : '127.0.0.1') : String(host);
  const place = `${name.includes(':') ? `[${name}]` : name}:${String(port)}`;
  if (cert === '') return { url: `http://${place}`, ca, isPinned: false };
  // The certificate hardly contains the loopback address, so exactly this certificate is trusted instead.
  return { url: `https://${place}`, ca: readPem('VW_CERT', String(cert)).slice(0, 1), isPinned: true };
}

/** Normalises an address that a user typed. Throws an Error that names what is accepted. */
function relayUrl(text: string): string {
  if (text === '') return '';
  const accepted = new Error('http://host[:port] or https://host[:port]; a key goes into --api-key or VW_API_KEY');
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full)) throw accepted;
  const { protocol, username, password, search, hash, origin, pathname } = new URL(full);
  if (protocol !== 'http:' && protocol !== 'https:') throw accepted;
  if (username !== '' || password !== '' || search !== '' || hash !== '') throw accepted;
  return `${origin}${pathname.replace(/(?<!\/)\/+$/, '')}`;
}

function readPem(name: string, path: string): string[] {
  try {
    return certificatesIn(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(
      `${name}="${path}" cannot be used (${(cause as Error).message}); accepted: a PEM file with at least one certificate`,
      { cause },
    );
  }
}

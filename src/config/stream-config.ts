// The configuration of `vw stream`, from its settings.

import { readFileSync } from 'node:fs';
import { type CertificateFiles, readCertificate } from '../http/connection/certificate.js';
import type { AllowedHosts } from '../http/request/hosts.js';
import type { LogLevel } from '../log/log.js';
import { DEFAULT_LIMITS, type Limits } from '../relay/limits.js';
import { certificatesIn } from '../http/connection/pem.js';
import { proxyFault } from '../relay/dial/forward-proxy.js';
import { ConfigError, describeSettings, readSettings, type Setting, textOr } from './read-settings.js';
import { SERVE_DEFINITIONS } from './serve-settings.js';
import { DEFINITIONS, type Name, splitList } from './stream-settings.js';

export { ConfigError, type Setting };

/** The configuration of `vw stream`. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly logLevel: LogLevel;
  /** PEM text of extra authorities; null: none. */
  readonly ca: string | null;
  readonly headersTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly limits: Limits;
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly apiKey: string | null;
  readonly allowed: AllowedHosts;
  readonly certificate: CertificateFiles | null;
  readonly commands: { readonly url: string; readonly token: string | null } | null;
}

/** Every setting, in the order of `--help`. */
export function settings(): Setting[] {
  return describeSettings(DEFINITIONS);
}

/**
 * The configuration from arguments (`{port: '9000'}`, by option name) and environment. Throws {@link ConfigError}.
 */
export function loadConfig(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Config {
  const fault = proxyFault(env);
  if (fault !== null) throw new ConfigError(fault);
  const value = readSettings(DEFINITIONS, options, env);
  const number = (name: Name) => Number(value[name]);
  const limits = Object.fromEntries(
    Object.keys(DEFAULT_LIMITS).map((name) => [name, number(name as Name)]),
  ) as unknown as Limits; // each of its names is a setting, which a test checks
  if (limits.backoffMaxMs < limits.backoffMinMs) {
    throw new ConfigError(
      `VW_BACKOFF_MAX_MS="${limits.backoffMaxMs}" cannot be used; accepted: at least VW_BACKOFF_MIN_MS (${limits.backoffMinMs})`,
    );
  }
  return {
    port: number('port'),
    host: String(value.host),
    logLevel: value.logLevel as LogLevel,
    ca: value.ca === '' ? null : readPem(String(value.ca)),
    headersTimeoutMs: number('headersTimeoutMs'),
    keepAliveMs: number('keepAliveMs'),
    limits,
    maxConnections: number('maxConnections'),
    maxPending: number('maxPending'),
    apiKey: textOr(value.apiKey),
    allowed: {
      hosts: new Set(splitList(String(value.allowedHosts))),
      origins: new Set(splitList(String(value.allowedOrigins))),
    },
    certificate: certificateOf('VW_CERT', textOr(value.cert), 'VW_KEY', textOr(value.key)),
    commands: commandsOf(textOr(value.api), textOr(value.apiToken)),
  };
}

/** The certificate of two settings; null: neither is set. Throws {@link ConfigError} if it cannot be used. */
export function certificateOf(
  certName: string,
  cert: string | null,
  keyName: string,
  key: string | null,
): CertificateFiles | null {
  if (cert === null && key === null) return null;
  if (cert === null || key === null) {
    throw new ConfigError(`${certName} and ${keyName} go together: one of them is missing; accepted: both, or none`);
  }
  try {
    readCertificate({ cert, key });
  } catch (cause) {
    throw new ConfigError(
      `${certName}="${cert}" and ${keyName}="${key}" cannot be used (${(cause as Error).message}); accepted: a PEM certificate and its key`,
      { cause },
    );
  }
  return { cert, key };
}

function commandsOf(url: string | null, token: string | null): Config['commands'] {
  if (url === null) {
    if (token !== null) throw new ConfigError('VW_API_TOKEN is set without VW_API; accepted: both, or none');
    return null;
  }
  if (token === null && /^http/i.test(url)) {
    throw new ConfigError(
      'VW_API is an http address, which is asked for access with VW_API_TOKEN; accepted: both, or ws:// or wss:// in VW_API',
    );
  }
  return { url, token };
}

/** Every variable that some command uses. */
export function knownVariables(): string[] {
  // Those of every command (VW_URL: vw status and vw rules): one file of settings may serve several of them.
  const tables = [...Object.values(DEFINITIONS), ...Object.values(SERVE_DEFINITIONS)];
  return [...new Set([...tables.map((definition) => definition.env), 'VW_URL', 'VW_LOGLEVEL'])];
}

/** Variables that begin with VW_ and that no command uses: probably misspelt. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(knownVariables());
  return Object.keys(env).filter((name) => name.startsWith('VW_') && !known.has(name));
}

function readPem(path: string): string {
  try {
    return certificatesIn(readFileSync(path, 'utf8')).join('\n');
  } catch (cause) {
    throw new ConfigError(
      `VW_CA="${path}" cannot be used (${(cause as Error).message}); accepted: a PEM file with certificates of authorities`,
      { cause },
    );
  }
}

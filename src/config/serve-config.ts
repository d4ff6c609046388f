// The configuration of `vw serve` and `vw token`, from their settings.

import type { LogLevel } from '../log/log.js';
import { SERVE_SETTINGS } from './definitions.js';
import { DEFAULT_SERVE_LIMITS, limitsFrom, type ServeLimits } from './limits.js';
import { ConfigError, describeSettings, readSettings, type Setting, textOr } from './read-settings.js';
import { splitAudiences, splitList } from './setting-types.js';
import type { ServeName } from './settings.js';
import { type AllowedNames, certificateOf, type CertificatePaths } from './stream-config.js';

/** The configuration of `vw serve`. */
export interface ServeConfig {
  readonly host: string;
  readonly port: number;
  /** The server's own certificate; null: plain HTTP. */
  readonly certificate: CertificatePaths | null;
  /** The secret that tokens are signed with; null: no token is required. */
  readonly secret: string | null;
  /** The addresses that tokens are for, without a trailing slash; the first is the one that clients use. */
  readonly audiences: readonly string[];
  /** Without a secret: whether other machines are admitted. */
  readonly isOpen: boolean;
  /** Origins whose pages may embed ours in a frame; `*`: all. */
  readonly embedders: readonly string[];
  /** Addresses and ranges whose X-Forwarded-For is trusted. */
  readonly trustedProxies: readonly string[];
  readonly allowed: AllowedNames;
  readonly headersTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly limits: ServeLimits;
  readonly logLevel: LogLevel;
}

/** Every setting of `vw serve`, in the order of `--help`. */
export function serveSettings(): Setting[] {
  return describeSettings(SERVE_SETTINGS);
}

/** The configuration from arguments (by option name) and environment. Throws {@link ConfigError}. */
export function loadServeConfig(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): ServeConfig {
  const value = readSettings(SERVE_SETTINGS, options, env);
  const text = (name: ServeName) => String(value[name]);
  const number = (name: ServeName) => Number(value[name]);
  const secret = textOr(value.secret);
  const audiences = splitAudiences(text('audience'));
  if (secret !== null && audiences.length === 0) {
    throw new ConfigError(
      'VW_SERVE_SECRET is set without VW_SERVE_AUDIENCE, so no token would be valid; accepted: both, e.g. ' +
        'VW_SERVE_AUDIENCE=wss://relay.example.org, or none',
    );
  }
  if (secret !== null && text('open') === 'true') {
    throw new ConfigError('VW_SERVE_OPEN=true lets everybody in, VW_SERVE_SECRET does not; accepted: one of them');
  }
  const limits = limitsFrom(DEFAULT_SERVE_LIMITS, value);
  return {
    port: number('port'),
    host: text('host'),
    certificate: certificateOf(['VW_SERVE_CERT', textOr(value.cert)], ['VW_SERVE_KEY', textOr(value.key)]),
    secret,
    audiences,
    isOpen: text('open') === 'true',
    embedders: splitList(text('embed')),
    trustedProxies: splitList(text('trustedProxies')),
    allowed: {
      hosts: new Set(splitList(text('allowedHosts'))),
      origins: new Set(splitList(text('allowedOrigins'))),
    },
    headersTimeoutMs: number('headersTimeoutMs'),
    keepAliveMs: number('keepAliveMs'),
    maxConnections: number('maxConnections'),
    maxPending: number('maxPending'),
    limits,
    logLevel: value.logLevel as LogLevel,
  };
}

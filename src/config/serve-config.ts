// The configuration of `vw serve` and `vw token`, from their settings.

import { certificateOf } from './stream-config.js';
import type { LogLevel } from '../log/log.js';
import { ConfigError, describeSettings, readSettings, type Setting, textOr } from './read-settings.js';
import { DEFAULT_SERVE_LIMITS, type ServeLimits } from '../serve/serve-limits.js';
import type { ServeOptions } from '../serve/serve-server.js';
import { SERVE_DEFINITIONS, type ServeName, splitAudiences } from './serve-settings.js';
import { splitList } from './stream-settings.js';

/** The configuration of `vw serve`. */
export interface ServeConfig extends ServeOptions {
  readonly logLevel: LogLevel;
}

/** Every setting of `vw serve`, in the order of `--help`. */
export function serveSettings(): Setting[] {
  return describeSettings(SERVE_DEFINITIONS);
}

/** The configuration from arguments (by option name) and environment. Throws {@link ConfigError}. */
export function loadServeConfig(options: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): ServeConfig {
  const value = readSettings(SERVE_DEFINITIONS, options, env);
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
  const limits = Object.fromEntries(
    Object.entries(DEFAULT_SERVE_LIMITS).map(([name, fallback]) => [name, Number(value[name] ?? fallback)]),
  ) as unknown as ServeLimits; // its own names
  return {
    port: number('port'),
    host: text('host'),
    certificate: certificateOf('VW_SERVE_CERT', textOr(value.cert), 'VW_SERVE_KEY', textOr(value.key)),
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

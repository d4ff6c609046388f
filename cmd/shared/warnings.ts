// Warnings about a valid configuration that may not be intended: the same when a server starts and from --check-config.

import { closestName } from '../../src/closest.js';
import { type Config, knownVariables, unknownVariables } from '../../src/config/stream-config.js';
import type { Facts } from '../../src/log/log.js';
import { isLoopbackHost } from '../../src/loopback.js';
import { guardMode } from '../../src/serve/serve-server.js';
import type { ServeConfig } from '../../src/config/serve-config.js';

/** RFC 7518 §3.2: a key for HS256 must be at least as long as the hash. */
const GOOD_SECRET_LENGTH = 32;
/** Sufficient against ten attempts a minute per address, from many addresses. */
const GOOD_KEY_LENGTH = 16;

/** One warning. */
export interface Warning {
  readonly message: string;
  readonly facts: Facts;
}

/** A warning as `--check-config` prints it. */
export function warningText({ message, facts }: Warning): string {
  const texts = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`);
  return `warning: ${message}${texts.length === 0 ? '' : ` (${texts.join(', ')})`}`;
}

/** Warnings about unknown variables: probably misspelt. */
export function environmentWarnings(env: NodeJS.ProcessEnv): Warning[] {
  return unknownVariables(env).map((variable) => {
    const meant = closestName(variable, knownVariables());
    const facts = meant === null ? { variable } : { variable, meant };
    return { message: 'unknown variable, not used', facts };
  });
}

/** Warnings about wider access than may be intended. */
export function streamWarnings({ apiKey, host }: Config): Warning[] {
  const warnings: Warning[] = [];
  if (apiKey === null && !isLoopbackHost(host)) {
    warnings.push({
      message:
        'anyone who can reach this address has access to rules, feeds and uploads; set VW_API_KEY to restrict it',
      facts: { host },
    });
  }
  if (apiKey !== null && apiKey.length < GOOD_KEY_LENGTH) {
    warnings.push({ message: 'VW_API_KEY is short: it can be guessed', facts: { wanted: GOOD_KEY_LENGTH } });
  }
  return warnings;
}

/** Warnings about wider or narrower access than may be intended. */
export function serveWarnings(config: ServeConfig): Warning[] {
  const { host, secret } = config;
  const guarded = guardMode(config);
  const warnings: Warning[] = [];
  if (guarded === 'open') {
    warnings.push({
      message: 'anyone who can reach this address can publish and watch; set VW_SERVE_SECRET to restrict it',
      facts: { host },
    });
  }
  if (guarded === 'loopback' && !isLoopbackHost(host)) {
    warnings.push({
      message:
        'serves its own machine only, at 127.0.0.1 and [::1], because no VW_SERVE_SECRET is set; VW_SERVE_OPEN=true opens it to all',
      facts: { host },
    });
  }
  if (secret !== null && secret.length < GOOD_SECRET_LENGTH) {
    warnings.push({
      message: 'VW_SERVE_SECRET is short: it can be guessed from a token',
      facts: { wanted: GOOD_SECRET_LENGTH },
    });
  }
  return warnings;
}

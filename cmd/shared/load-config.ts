// The configuration of a server, and of the files and the environment that it names: what is wrong is said before it starts.

import { readFileSync } from 'node:fs';
import { ConfigError } from '../../src/config/read-settings.js';
import { loadServeConfig, type ServeConfig } from '../../src/config/serve-config.js';
import { type CertificatePaths, type Config, loadConfig } from '../../src/config/stream-config.js';
import { readCertificate } from '../../src/http/connection/certificate.js';
import { certificatesIn } from '../../src/http/connection/pem.js';
import { proxyFault } from '../../src/relay/dial/forward-proxy.js';
import {
  endpointUrlFault,
  missingToken,
  SCHEMES_WITHOUT_TOKEN,
  URLS_WITHOUT_TOKEN,
} from '../../src/relay/rules/endpoint-url.js';

/** The configuration of `vw stream`, with the files it names. */
export interface StreamConfig extends Config {
  /** PEM text of extra authorities; null: none. */
  readonly authorities: string | null;
}

type Options = Readonly<Record<string, string>>;

/** The configuration of `vw stream`. Throws {@link ConfigError} if it, a file or a proxy in `env` cannot be used. */
export function loadStream(options: Options, env: NodeJS.ProcessEnv): StreamConfig {
  const fault = proxyFault(env);
  if (fault !== null) throw new ConfigError(fault);
  const config = loadConfig(options, env);
  checkCommandLink(config.commands, options.api === undefined ? 'VW_API' : '--api');
  checkCertificate(config.certificate, 'VW_CERT', 'VW_KEY');
  return { ...config, authorities: config.caFile === null ? null : readAuthorities(config.caFile) };
}

/** The configuration of `vw serve`. Throws {@link ConfigError} if it or a file cannot be used. */
export function loadServe(options: Options, env: NodeJS.ProcessEnv): ServeConfig {
  const config = loadServeConfig(options, env);
  checkCertificate(config.certificate, 'VW_SERVE_CERT', 'VW_SERVE_KEY');
  return config;
}

function checkCommandLink(commands: Config['commands'], setting: string): void {
  if (commands === null) return;
  const { url, token } = commands;
  // Not the value: its query may contain a key.
  if (endpointUrlFault(url) !== null)
    throw new ConfigError(`${setting}=(secret) cannot be used; accepted: ${URLS_WITHOUT_TOKEN}`);
  const missing = token === null ? missingToken(url) : null;
  if (missing) {
    throw new ConfigError(
      `VW_API is ${missing.purpose} VW_API_TOKEN; accepted: both, or ${SCHEMES_WITHOUT_TOKEN} in VW_API`,
    );
  }
}

function checkCertificate(paths: CertificatePaths | null, certName: string, keyName: string): void {
  if (paths === null) return;
  try {
    readCertificate(paths);
  } catch (cause) {
    throw new ConfigError(
      `${certName}="${paths.cert}" and ${keyName}="${paths.key}" cannot be used (${(cause as Error).message}); ` +
        'accepted: a PEM certificate and its key',
      { cause },
    );
  }
}

function readAuthorities(path: string): string {
  try {
    return certificatesIn(readFileSync(path, 'utf8')).join('\n');
  } catch (cause) {
    throw new ConfigError(
      `VW_CA="${path}" cannot be used (${(cause as Error).message}); accepted: a PEM file with certificates of authorities`,
      { cause },
    );
  }
}

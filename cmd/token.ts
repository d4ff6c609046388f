// `vw token`: makes a token for a `vw serve`, from its secret and its audience.

import { ConfigError, readSettings } from '../src/config/read-settings.js';
import { Tokens } from '../src/serve/auth/tokens.js';
import { parseTopicPath, topicFault } from '../src/serve/topics/topic-path.js';
import { SERVE_SETTINGS } from '../src/config/definitions.js';
import { splitAudiences } from '../src/config/setting-types.js';
import { EXIT_USAGE, readOptions, UsageError } from './shared/arguments.js';
import { reportError, print } from './shared/output.js';

const OPTIONS = ['topic', 'scope', 'path', 'lifetime', 'secret', 'audience'];
const SCOPES = ['read', 'write', 'stats'];
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_LIFETIME_MS = 3650 * 86_400_000;

const HELP = `usage: vw token --topic TOPIC --scope SCOPES --lifetime TIME
       vw token --path /in/TOPIC --lifetime TIME
       vw token --scope stats --lifetime TIME

Prints a token for a relay server (vw serve) that has the same secret and audience.

  --topic TOPIC     the topic it is for, e.g. video0: /in, /out, /bi and /session of this topic
  --scope SCOPES    read (watch), write (publish), stats (/status and /metrics); several separated by commas
  --path PATH       for one path only, e.g. /in/video0, as crossbar's tokens are
  --lifetime TIME   how long it is valid: 90m, 8h, 30d

Secret and audience are VW_SERVE_SECRET and VW_SERVE_AUDIENCE (or --secret and --audience).
`;

export async function token(args: readonly string[]): Promise<void> {
  try {
    const { options, flags } = readOptions(args, { texts: OPTIONS, flags: ['check-config'] });
    print(flags.has('help') ? HELP : `${await makeToken(options)}\n`);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    reportError(error.message);
    process.exitCode = EXIT_USAGE;
  }
}

function makeToken(options: Readonly<Record<string, string>>): Promise<string> {
  const { secret, audience } = readSettings(
    { secret: SERVE_SETTINGS.secret, audience: SERVE_SETTINGS.audience },
    options,
    process.env,
  );
  const missing = missingOptions(options);
  const secrets = 'VW_SERVE_SECRET and VW_SERVE_AUDIENCE (those of the vw serve that the token is for)';
  if (secret === '' || audience === '') missing.push(secrets);
  if (missing.length > 0) throw new UsageError(`missing: ${missing.join('; ')}; see vw token --help`);
  const tokens = new Tokens(String(secret), splitAudiences(String(audience)));
  const lifetimeMs = readLifetime(options.lifetime);
  const { path, topic, scope } = options;
  if (path !== undefined) {
    if (topic !== undefined || scope !== undefined) {
      throw new UsageError('--path replaces --topic and --scope; accepted: either');
    }
    return tokens.makeForPath(readPath(path), lifetimeMs, Date.now());
  }
  const scopes = (scope ?? '').split(/[\s,]+/).filter((one) => one !== '');
  if (scopes.length === 0 || !scopes.every((one) => SCOPES.includes(one))) {
    throw new UsageError(`--scope=${scope ?? ''} cannot be used; accepted: ${SCOPES.join(', ')}, separated by commas`);
  }
  const fault = topicFault(topic ?? '');
  const needsTopic = scopes.some((one) => one !== 'stats');
  if (fault !== null && (needsTopic || topic !== undefined)) {
    throw new UsageError(`--topic=${topic ?? ''} cannot be used; ${fault}`);
  }
  return tokens.make({ topic: topic ?? '', scopes, lifetimeMs }, Date.now());
}

/** The required options that are missing. */
function missingOptions({ path, topic, scope, lifetime }: Readonly<Record<string, string>>): string[] {
  const missing: string[] = [];
  if (path === undefined && scope === undefined) {
    missing.push(`${topic === undefined ? '--topic TOPIC and ' : ''}--scope SCOPES, or --path PATH`);
  }
  if (lifetime === undefined) missing.push('--lifetime TIME (90m, 8h, 30d)');
  return missing;
}

function readLifetime(text = ''): number {
  const [, count = '0', unit = 's'] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const lifetimeMs = Number(count) * (UNITS[unit] ?? 0);
  if (lifetimeMs <= 0 || lifetimeMs > MAX_LIFETIME_MS) {
    throw new UsageError(`--lifetime=${text} cannot be used; accepted: 90m, 8h, 30d and the like, up to 3650d`);
  }
  return lifetimeMs;
}

function readPath(text: string): string {
  try {
    const place = parseTopicPath(text.startsWith('/') ? text : `/${text}`);
    if (place && place.direction !== 'session') return place.path;
  } catch {
    // reported below
  }
  throw new UsageError(`--path=${text} cannot be used; accepted: /in/TOPIC, /out/TOPIC or /bi/TOPIC`);
}

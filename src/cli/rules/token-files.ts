// Tokens of destinations from a command's options: a file, or single tokens.

import { readFileSync } from 'node:fs';
import { ConfigError } from '../../config/read-settings.js';
import { parseDestinationRule } from '../../relay/rules/rules.js';
import { RuleError } from '../../errors.js';

/**
 * Tokens by destination id, from `ID=TOKEN` arguments, which take precedence, and a JSON file. Throws {@link
 * ConfigError},
 * which quotes no token.
 */
export function readTokens(texts: readonly string[], path: string | undefined): ReadonlyMap<string, string> {
  const tokens = new Map(path === undefined ? [] : readFile(path));
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at <= 0) throw new ConfigError('--token cannot be used; accepted: ID=TOKEN');
    tokens.set(text.slice(0, at), text.slice(at + 1));
  }
  for (const [id, token] of tokens) {
    try {
      parseDestinationRule({ id, stream: 'x', destination: 'wss://x', token });
    } catch (cause) {
      if (!(cause instanceof RuleError)) throw cause;
      throw new ConfigError(cause.message, { cause });
    }
  }
  return tokens;
}

function readFile(path: string): [string, string][] {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    // Not the parser's message, which quotes the file.
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw new ConfigError(`--tokens="${path}" cannot be used: ${reason}; accepted: a file with {"ID": "TOKEN"}`, {
      cause,
    });
  }
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const pairs = isObject ? Object.entries(given as object) : [];
  if (!isObject || !pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) {
    throw new ConfigError(
      `--tokens="${path}" cannot be used: it has another form; accepted: a file with {"ID": "TOKEN"}`,
    );
  }
  return pairs;
}

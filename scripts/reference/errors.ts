// docs/reference/errors.md: the codes of problem documents, from both servers' tables of errors, and those of commands,
// which are here.

import { type ErrorCode, ERRORS } from '../../src/api/openapi/error-codes.js';
import { SERVE_ERRORS, type ServeErrorCode } from '../../src/serve/openapi/serve-errors.js';
import { problemOf } from '../../src/http/answer/problem.js';
import type { Relay } from '../../src/relay/relay.js';
import { parseDestinationRule } from '../../src/relay/rules/rules.js';
import { code, table } from './markdown.js';

/** What to do, where the meaning does not say it. */
const ADVICE: Readonly<Partial<Record<ErrorCode | ServeErrorCode, string>>> = {
  ERR_BAD_JSON: "Did the shell take the quotes? Put the body in single quotes: `-d '...'`.",
  ERR_CONTENT_TYPE: 'Add `-H "Content-Type: application/json"`: without it, curl calls `-d` a form.',
  ERR_KEY: 'See [On a LAN](../install.md#on-a-lan).',
  ERR_ORIGIN: 'Allow it with `VW_ALLOWED_ORIGINS`: [On a LAN](../install.md#on-a-lan).',
  ERR_HOST: 'Allow it with `VW_ALLOWED_HOSTS`: [On a LAN](../install.md#on-a-lan).',
  ERR_NO_SUCH_PATH: 'The answer names the path that was probably meant. `//` in a path is not accepted.',
  ERR_SUPERSEDED: 'Two ffmpegs that restart for ever on one feed take it from each other in turn: stop one.',
  ERR_UPGRADE_REQUIRED: 'Connect to `/ws/...`, and to `/in`, `/out` and `/bi` of `vw serve`, with ws:// or wss://.',
  ERR_INTERNAL: 'Please report it, with the log.',
  ERR_LOOPBACK_ONLY: 'See [Who may come in](../relay-server.md#who-may-come-in).',
};

/** The codes that only vw serve has; the last closes a WebSocket. */
const ONLY_SERVE: Readonly<Record<string, readonly [status: number, meaning: string]>> = {
  ...SERVE_ERRORS,
  ERR_TOO_MANY_TOPICS: [503, 'The limit of topics is reached (VW_SERVE_MAX_TOPICS).'],
};

/** The codes that only commands over the link of `VW_API` have. */
const COMMAND_ERRORS: Readonly<Record<string, string>> = {
  ERR_BAD_COMMAND: 'The message is not a command; the error says what is accepted.',
  ERR_BUSY: 'Too many commands are queued: wait for their answers.',
};

const EXAMPLE = { id: '1', stream: 'stream/front', destination: 'http://relay.example.org/in/front' };

/** A refused rule, and its answer. */
function exampleAnswer(relay: Relay): string {
  try {
    relay.setDestination(parseDestinationRule(EXAMPLE));
  } catch (error) {
    return JSON.stringify(problemOf(error));
  }
  throw new Error('the example of an error is not one any more');
}

function meaningOf(name: string, meaning: string): string {
  const advice = (ADVICE as Readonly<Record<string, string | undefined>>)[name];
  return advice === undefined ? meaning : `${meaning} ${advice}`;
}

export function errorsPage(relay: Relay): string {
  const byStatus = (
    [, [a]]: readonly [string, readonly [number, string]],
    [, [b]]: readonly [string, readonly [number, string]],
  ) => a - b;
  const rows = Object.entries(ERRORS)
    .sort(byStatus)
    .map(([name, [status, meaning]]) => {
      return [String(status), code(name), meaningOf(name, meaning)];
    });
  const serve = Object.entries(ONLY_SERVE).map(([name, [status, meaning]]) => {
    return [String(status), code(name), meaningOf(name, meaning)];
  });
  const commands = Object.entries(COMMAND_ERRORS).map(([name, meaning]) => [code(name), meaning]);
  return `# Errors

A refused request changes nothing. The answer is a problem document (RFC 9457, \`application/problem+json\`; a page for a browser that
opened the address): \`code\` is for programs and never changes, \`detail\` is for people and says what is accepted.

The destination \`${EXAMPLE.destination}\` without a token, for example, is answered with

\`\`\`json
${exampleAnswer(relay)}
\`\`\`

What is wrong with media and links, rather than with a request, is a [fault](../troubleshooting.md#faults).

## vw stream

${table(['status', 'code', 'meaning'], rows)}

## vw serve

\`vw serve\` uses the same codes where they apply, and these:

${table(['status', 'code', 'meaning'], serve)}

## Commands

Over the link of [\`VW_API\`](../relay-server.md#configuring-a-board-from-outside), an error is \`{"error": "…", "code": "…"}\`, with the codes above or one
of these:

${table(['code', 'meaning'], commands)}
`;
}

// docs/reference/settings.md, from the tables of settings.

import { loadStream } from '../../cmd/shared/load-config.js';
import { type Definition, SERVE_SETTINGS, STREAM_SETTINGS } from '../../src/config/definitions.js';
import { code, table } from './markdown.js';

/** Text that no setting accepts. */
const WRONG = '\u0001';

/** What a setting accepts, as its own error says, or that of the command, which checks what depends on other parts. */
function acceptedBy({ option, read }: Definition): string {
  try {
    read(WRONG);
    loadStream({ [option]: WRONG }, {});
  } catch (error) {
    return (error as Error).message.replace(/^.*; accepted: /, '');
  }
  throw new Error('a setting that accepts everything needs no description of what it accepts');
}

function settingsTable(settings: readonly Definition[]): string {
  const rows = settings.map((setting) => {
    const { env, option, default: value, doc } = setting;
    return [code(env), code(`--${option}`), value === '' ? 'none' : code(String(value)), doc, acceptedBy(setting)];
  });
  return table(['variable', 'option', 'default', 'what it is', 'accepted'], rows);
}

export function settingsPage(): string {
  const stream: readonly Definition[] = Object.values(STREAM_SETTINGS);
  const isShared = ({ env, default: value }: Definition) =>
    stream.some((other) => other.env === env && other.default === value);
  const serve: readonly Definition[] = Object.values(SERVE_SETTINGS);
  const shared = serve.filter(isShared).map(({ env }) => code(env));
  return `# Settings

Each setting is an environment variable or an option of \`vw stream\` or \`vw serve\`; the option wins over the variable. An
empty variable counts as not set. \`--check-config\` reports what is wrong or suspicious, and does not start. A wrong setting
ends the program with exit status 2 and a line that says what is accepted. Times are milliseconds.

Further variables: \`VW_LOGLEVEL\` is another name of \`VW_LOG_LEVEL\`. \`VW_URL\` is the relay that
[\`vw status\` and \`vw rules\`](commands.md) use. \`NO_COLOR\` removes the colour from the log and from \`vw status\`.
\`HTTPS_PROXY\`, \`HTTP_PROXY\` and \`NO_PROXY\` are [for links through a proxy](../relay-server.md#through-a-proxy). Any other variable
that begins with \`VW_\` is named in a warning at start, with the one that was probably meant.

## vw stream

${settingsTable(stream)}

## vw serve

These, and of those above ${shared.slice(0, -1).join(', ')} and ${shared.at(-1)!}:

${settingsTable(serve.filter((setting) => !isShared(setting)))}
`;
}

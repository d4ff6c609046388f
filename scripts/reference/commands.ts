// docs/reference/commands.md, from what the built commands print for --help.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The commands without a table of settings, which settings.md has. */
const COMMANDS = ['demo', 'status', 'rules', 'token'];

async function helpOf(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/cmd/vw.js', ...args, '--help']);
  return `\`\`\`text\n${stdout.trimEnd()}\n\`\`\``;
}

export async function commandsPage(): Promise<string> {
  const [overview, ...helps] = await Promise.all([helpOf([]), ...COMMANDS.map((name) => helpOf([name]))]);
  const parts = COMMANDS.map((name, index) => `## vw ${name}\n\n${helps[index]!}`);
  return `# Commands

\`vw\` is \`node dist/cmd/vw.js\`, after \`npm run build\`. \`--help\` prints these texts.

${overview}

The options of \`vw stream\` and \`vw serve\` are [settings](settings.md).

${parts.join('\n\n')}
`;
}

// Measures groups of cases in a process of its own and writes what came of each as a line of JSON: `node child.ts GROUP...`.

import { bodyCases, settingCases, textCases } from './texts.js';
import { headCases, targetCases } from './heads.js';
import { type Case, type Growth, growthOf, textCase } from './measure.js';
import { Targets } from './targets.js';

const targets = await Targets.start();
const groups: Readonly<Record<string, () => Case[]>> = {
  heads: () => headCases(targets),
  targets: () => targetCases(targets),
  texts: textCases,
  settings: settingCases,
  bodies: () => bodyCases(targets.post.bind(targets), targets.login.bind(targets)),
  // Takes the square of its input: what the measure must see.
  slow: () => [
    textCase(
      'slow',
      5000,
      (size) => `${' '.repeat(size)}y`,
      (text) => /\s+x/.test(text),
    ),
  ],
};
for (const group of process.argv.slice(2)) {
  const found: Growth[] = [];
  for (const one of groups[group]!()) found.push(await growthOf(one));
  process.stdout.write(`${JSON.stringify({ group, found })}\n`);
}
process.exit();

// Prometheus's own checker of metrics.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What `promtool check metrics` says of a text; '': nothing, it is all right. */
export async function checkMetrics(text: string): Promise<string> {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (said: Buffer) => (printed += said.toString()));
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? printed : `ended with ${code}: ${printed}`;
}

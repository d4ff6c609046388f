// A client of server-sent events that parses them line by line, according to the standard.

import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import type { RelayEvent } from '../../../src/relay/events/event.js';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

/** A block of lines as it was dispatched. */
export interface Block {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export class EventReader {
  readonly blocks: Block[] = [];
  /** What an EventSource would send as Last-Event-ID when it reconnects. */
  lastEventId = '';
  retryMs = 0;
  comments = 0;
  isOver = false;
  readonly response: IncomingMessage;
  #rest = '';

  private constructor(
    readonly request: ClientRequest,
    response: IncomingMessage,
  ) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => undefined).on('close', () => (this.isOver = true));
    afterTest(() => request.destroy());
  }

  /** Opens `path` of the API, or fails with the answer's status. */
  static async open(url: string, path = '/api/events', headers: Record<string, string> = {}): Promise<EventReader> {
    const request = get(url + path, { headers });
    request.on('error', () => undefined);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const one = new EventReader(request, response);
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode ?? 0}`);
    // The current id is sent at once.
    await until('the beginning is there', () => one.lastEventId !== '');
    return one;
  }

  get types(): string[] {
    return this.blocks.map(({ event }) => event);
  }

  /** Waits for an event of this type, which it returns. */
  async event<T extends RelayEvent['type']>(type: T, count = 1): Promise<RelayEvent & { type: T }> {
    const found = () => this.blocks.filter(({ event }) => event === type);
    await until(`${count} of ${type}; there are ${this.types.join()}`, () => found().length >= count);
    return found()[count - 1]!.data as RelayEvent & { type: T };
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#dispatch(block.split('\n'));
  }

  #dispatch(lines: readonly string[]): void {
    let event = 'message';
    let data = '';
    for (const line of lines) {
      const [field, value] = splitField(line);
      if (field === '') this.comments++;
      if (field === 'id') this.lastEventId = value;
      if (field === 'event') event = value;
      if (field === 'data') data += value;
      if (field === 'retry') this.retryMs = Number(value);
    }
    if (data === '') return;
    this.blocks.push({ id: this.lastEventId, event, data: JSON.parse(data) as Record<string, unknown> });
  }
}

function splitField(line: string): [field: string, value: string] {
  const colon = line.indexOf(':');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

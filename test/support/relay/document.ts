// The API's document as tests read it: as somebody does who has nothing else.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { until } from '../wait.js';
import { Wire } from './wire.js';

export const KEY = 'a-key-of-the-tests';
export const keyed = { apiKey: KEY };

interface Content {
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Response {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Document {
  readonly openapi: string;
  readonly security: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

/** An operation of the document, with what it takes to try it. */
export interface Operation extends Asked {
  readonly id: string;
  readonly template: string;
  /** JSON pointer to it (RFC 6901). */
  readonly pointer: string;
  readonly responses: Readonly<Record<string, Response>>;
  readonly success: readonly [status: number, response: Response];
  /** Everything that has examples, and where it is. */
  readonly contents: readonly { readonly pointer: string; readonly content: readonly (readonly [string, unknown])[] }[];
}

/** A request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly example?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** Read as JSON where it is some. */
  readonly body: unknown;
}

/** The document that a server answers. */
export async function openDocument(server: { readonly port: number }): Promise<Document> {
  return (await exchange(server, { method: 'GET', path: '/api/openapi.json' })).body as Document;
}

/** Every operation of a document, with its examples. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([template, item]) =>
    Object.entries(item).map(([method, described]): Operation => {
      const pointer = `/paths/${escape(template)}/${method}`;
      const { parameters = [], requestBody, responses } = described;
      const [type, body] = Object.entries(requestBody?.content ?? {})[0] ?? [];
      const success = Object.keys(responses).find((status) => /^[123]\d\d$/.test(status))!;
      const name = parameters.find((parameter) => parameter.in === 'path');
      return {
        id: described.operationId,
        method: method.toUpperCase(),
        template,
        path: name ? template.replace(`{${name.name}}`, encodeURIComponent(name.example)) : template,
        pointer,
        ...(type !== undefined && { type }),
        ...(body?.example !== undefined && { example: body.example }),
        responses,
        success: [Number(success), responses[success]!],
        contents: [
          ...contentsOf(`${pointer}/requestBody`, requestBody ?? {}),
          ...Object.entries(responses).flatMap(([status, one]) => contentsOf(`${pointer}/responses/${status}`, one)),
        ],
      };
    }),
  );
}

function contentsOf(pointer: string, { content = {} }: Response): Operation['contents'] {
  return Object.entries(content).map(([type, { example, examples = {} }]) => ({
    pointer: `${pointer}/content/${escape(type)}`,
    content: [
      ...(example === undefined ? [] : [['example', example] as const]),
      ...Object.entries(examples).map(([name, { value }]) => [name, value] as const),
    ],
  }));
}

function escape(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** Says what is wrong with a value by the schema at a place in the document; '': nothing. */
export function validator(document: Document): (pointer: string, value: unknown) => string {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  ajv.addVocabulary(['openapi', 'info', 'servers', 'tags', 'paths', 'security', 'components']);
  ajv.addSchema(document, 'vw');
  return (pointer, value) => {
    const validate = ajv.getSchema(`vw#${pointer}`);
    if (!validate) throw new Error(`the document has no ${pointer}`);
    return validate(value) === true ? '' : ajv.errorsText(validate.errors);
  };
}

/** Asks a server for something, with the key, and waits for the head and what of the body is promised. */
export async function exchange(
  { port }: { readonly port: number },
  { method, path, type, example }: Asked,
  { body = '', headers = {}, host = '127.0.0.1' }: ExchangeOptions = {},
): Promise<Answered> {
  const bytes = example !== undefined && body === '' ? Buffer.from(JSON.stringify(example)) : Buffer.from(body);
  const fields = {
    Host: 'localhost',
    Authorization: `Bearer ${KEY}`,
    Accept: 'application/json',
    ...(type !== undefined && { 'Content-Type': type }),
    ...(method !== 'GET' && { 'Content-Length': String(bytes.length) }),
    ...(method === 'GET' && /^\/(?:ws|in|out|bi|session)\//.test(path) && UPGRADE),
    ...headers,
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== '');
  const head = [`${method} ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  const wire = new Wire(port, host).write(`${head.join('\r\n')}\r\n\r\n`).write(bytes);
  return answerOn(wire);
}

interface ExchangeOptions {
  readonly body?: string | Uint8Array;
  /** Beside the usual ones, or in their place; '': without. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly host?: string;
}

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** The first answer that comes on a wire which is no interim one. */
export async function answerOn(wire: Wire): Promise<Answered> {
  let head = '';
  let body = '';
  await until('an answer', () => {
    const heard = wire.heard.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
    const end = heard.indexOf('\r\n\r\n');
    if (end === -1) return wire.isClosed;
    head = heard.slice(0, end);
    body = heard.slice(end + 4);
    const promised = /^content-length: (\d+)/im.exec(head)?.[1];
    return promised === undefined || body.length >= Number(promised);
  });
  const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
  wire.socket.destroy();
  const text = Buffer.from(body, 'latin1').toString();
  return { status: Number(head.slice(9, 12)), type, text, body: /json/.test(type) ? JSON.parse(text) : null };
}

// docs/reference/rest.md, serve-rest.md, stats.md and events.md, from the documents of both servers.

import type { Json } from '../../src/http/openapi/api-description.js';
import type { OpenApi } from '../../src/http/openapi/openapi.js';
import { anchor, code, fieldRows, table, typeText } from './markdown.js';

/** The named schemas that a page describes. */
const STATS_SCHEMAS = [
  ...['Stats', 'ProcessStats', 'FeedStats', 'StreamStats', 'DestinationStats', 'LinkStats', 'MuteStats', 'Fault'],
];
const REST_SCHEMAS = [
  ...['StreamRule', 'DestinationRule', 'Mute', 'KeptStreamRule', 'KeptDestinationRule', 'KeptMute', 'MuteAnswer'],
  ...['StreamList', 'DestinationList', 'MuteList', 'AllRules', 'UploadSummary', 'Problem'],
];
/** Where they are described. */
const PLACES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(STATS_SCHEMAS.map((name) => [name, `stats.md#${anchor(name)}`])),
  Stats: 'stats.md#stats-1', // after the page's own heading
  ...Object.fromEntries(REST_SCHEMAS.map((name) => [name, `rest.md#${anchor(name)}`])),
  EventRecord: 'events.md',
  Event: 'events.md',
  HistoryLost: 'events.md#history-lost',
};

/** A page about every path of one server. */
interface RestPage {
  readonly title: string;
  readonly introduction: string;
  /** The named schemas that the page describes. */
  readonly schemas: readonly string[];
  /** Where named schemas are described. */
  readonly places: Readonly<Record<string, string>>;
}

/** That of `vw stream`. */
export const STREAM_REST: RestPage = {
  title: 'REST',
  introduction: `The paths of \`vw stream\`. The running relay has the same as a page, \`/api/docs\`, and as an OpenAPI document,
\`/api/openapi.json\`. Those of \`vw serve\` are [on a page of their own](serve-rest.md). \`HEAD\` is supported wherever \`GET\` is.

If a key is set (\`VW_API_KEY\`), send it as a bearer token (\`-H "Authorization: Bearer KEY"\`), as the password of Basic with any user
name (\`-u :KEY\`), or use the login's cookie.`,
  schemas: REST_SCHEMAS,
  places: PLACES,
};

const SERVE_SCHEMAS = ['Stats', 'TopicStats', 'TopicList', 'TopicEntry', 'PlayStatus', 'Session', 'Fault', 'Problem'];

/** That of `vw serve`. */
export const SERVE_REST: RestPage = {
  title: 'REST of vw serve',
  introduction: `The paths of \`vw serve\`, with a secret. The running server has the same as a page, \`/api/docs\`, and as an OpenAPI
document, \`/api/openapi.json\`. Those of \`vw stream\` are [on a page of their own](rest.md). \`HEAD\` is supported wherever \`GET\` is.

Send [the token](../relay-server.md#who-may-come-in) that an operation needs as a bearer token
(\`-H "Authorization: Bearer TOKEN"\`) or bare (\`-H "Authorization: TOKEN"\`). Without a secret no token is needed;
then a server that serves its own machine only may answer with \`ERR_LOOPBACK_ONLY\`, \`ERR_ORIGIN\` and \`ERR_HOST\`.`,
  schemas: SERVE_SCHEMAS,
  places: Object.fromEntries(SERVE_SCHEMAS.map((name) => [name, `serve-rest.md#${anchor(name)}`])),
};

interface Operation extends Json {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly (Json & {
    readonly name: string;
    readonly in: string;
    readonly description: string;
  })[];
  readonly requestBody?: { readonly required: boolean; readonly content: Record<string, Content> };
  readonly responses: Readonly<Record<string, Json & { readonly description: string }>>;
}

interface Content {
  readonly schema: Json;
  readonly example?: unknown;
}

/** A path with the methods that do the same. */
interface PathOperation {
  readonly methods: readonly string[];
  readonly path: string;
  readonly operation: Operation;
}

/** Operations in the document's order; a method that does the same as another is with it. */
function operationsOf({ paths }: OpenApi): PathOperation[] {
  return Object.entries(paths).flatMap(([path, byMethod]) => {
    const found: { methods: string[]; path: string; operation: Operation }[] = [];
    for (const [method, json] of Object.entries(byMethod)) {
      const operation = json as Operation; // openApi makes them so
      const isRepeated = operation.description.startsWith('The same as ');
      if (isRepeated) found.at(-1)!.methods.push(method.toUpperCase());
      else found.push({ methods: [method.toUpperCase()], path, operation });
    }
    return found;
  });
}

function headingOf({ methods, path }: PathOperation): string {
  return `${methods.join(', ')} ${path}`;
}

/** Every path of a server. */
export function restPage(document: OpenApi, { title, introduction, schemas, places }: RestPage): string {
  const operations = operationsOf(document);
  const overview = operations.map((one) => {
    return [
      `[${one.methods.map(code).join(', ')} ${code(one.path)}](#${anchor(headingOf(one))})`,
      one.operation.summary,
    ];
  });
  const parts = document.tags.map(({ name, description }) => {
    const those = operations.filter(({ operation }) => operation.tags.includes(name));
    return [`## ${name}`, description, ...those.map((one) => operationText(one, places))].join('\n\n');
  });
  return `# ${title}

${introduction}

${table(['request', 'what it does'], overview)}

${parts.join('\n\n')}

## Schemas

${schemas.map((name) => schemaText(document, name, places)).join('\n\n')}

## Errors of every request

Any request may also be answered with these: ${codesIn(document.components.responses.Other!).map(code).join(', ')}. [What they
mean](errors.md).
`;
}

function operationText(one: PathOperation, places: RestPage['places']): string {
  const { operation } = one;
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const lines = [`### ${headingOf(one)}`, description === `${summary}.` ? description : `${summary}. ${description}`];
  if (parameters.length > 0) {
    const rows = parameters.map(({ name, in: where, description: meaning, example }) => {
      return [code(name), where, `${meaning} Example: ${code(String(example))}`];
    });
    lines.push(table(['parameter', 'in', 'meaning'], rows));
  }
  if (requestBody) {
    for (const [type, content] of Object.entries(requestBody.content)) {
      lines.push(`Body${requestBody.required ? '' : ' (optional)'}, ${code(type)}: ${contentText(content, places)}`);
    }
  }
  const isError = (status: string) => Number(status) >= 400 || status === 'default';
  for (const [status, response] of Object.entries(responses)) {
    if (isError(status) || status === '2XX') continue;
    const contents = Object.entries((response.content ?? {}) as Record<string, Content>);
    const types = contents.map(([type]) => ` (${code(type)})`).join('');
    const bodies = contents.map(([, content]) => ` ${contentText(content, places)}`).join('');
    lines.push(`Answer ${status}${types}: ${response.description}${bodies}`.trimEnd());
  }
  const codes = Object.entries(responses)
    .filter(([status]) => isError(status) && status !== 'default')
    .flatMap(([, response]) => codesIn(response));
  if (codes.length > 0) lines.push(`Errors: ${codes.map(code).join(', ')}.`);
  return lines.join('\n\n');
}

function contentText({ schema, example }: Content, places: RestPage['places']): string {
  const type = typeText(schema, places);
  const shown = type === 'anything' || (type === 'object' && example !== undefined) ? '' : `${type}. `;
  return (shown + (example === undefined ? '' : `Example: ${code(JSON.stringify(example))}`)).trim();
}

/** The codes of a response that is an error. */
function codesIn(response: Json): string[] {
  if (typeof response.$ref === 'string') return [response.$ref.split('/').pop()!];
  const contents = Object.values((response.content ?? {}) as Record<string, { readonly examples?: Json }>);
  return contents.flatMap(({ examples = {} }) => Object.keys(examples));
}

function schemaText({ components }: OpenApi, name: string, places: RestPage['places']): string {
  const schema = components.schemas[name]!;
  const rows = fieldRows(schema, places);
  const about = typeof schema.description === 'string' ? `${schema.description}\n\n` : '';
  const body = rows.length === 0 ? typeText(schema, places) : table(['field', 'type', 'meaning'], rows);
  return `### ${name}\n\n${about}${body}`;
}

/** Every field of `GET /api/stats`. */
export function statsPage(document: OpenApi): string {
  return `# Stats

\`GET /api/stats\` answers with [Stats](#stats-1). Fields that end in \`Ms\` are milliseconds, and moments are milliseconds since 1970. Rates
are bits a second. \`null\`: not measured, or not known from the media. [Where to look first](../monitoring.md#stats).

${STATS_SCHEMAS.map((name) => schemaText(document, name, PLACES)).join('\n\n')}
`;
}

/** Every event. */
export function eventsPage({ components }: OpenApi): string {
  const all = components.schemas.Event!.oneOf as readonly (Json & { readonly properties: Record<string, Json> })[];
  const common = ['type', 'id', 'atMs'];
  const parts = all.map((event) => {
    const properties = Object.fromEntries(Object.entries(event.properties).filter(([name]) => !common.includes(name)));
    const rows = fieldRows({ ...event, properties }, PLACES);
    return `## ${String(event.properties.type!.const)}\n\n${table(['field', 'type', 'meaning'], rows)}`;
  });
  const shared = fieldRows(
    { ...all[0]!, properties: Object.fromEntries(common.map((name) => [name, all[0]!.properties[name]!])) },
    PLACES,
  ).filter(([name]) => name !== '`type`');
  const lost = components.schemas.HistoryLost!;
  return `# Events

\`GET /api/events\` sends these as server-sent events, with \`event: \` and the type, \`id: \` and the number, and \`data: \` and the event as
JSON. [How to read them](../monitoring.md#events). Every event has \`type\` and

${table(['field', 'type', 'meaning'], shared)}

${parts.join('\n\n')}

## history-lost

Sent only to a client that reconnects, if some of the events that it missed are no longer kept. It has no \`id\`.

${table(
  ['field', 'type', 'meaning'],
  fieldRows(lost, PLACES).filter(([name]) => name !== '`type`'),
)}
`;
}

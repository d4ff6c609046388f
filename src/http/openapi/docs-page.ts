// The API's document as a page for people: HTML without script, rendered from what openapi.ts makes.

import { escapeHtml } from '../answer/escape-html.js';
import type { Json } from './api-description.js';
import type { OpenApi } from './openapi.js';
import { proseHtml, schemaLink, schemaRows } from './docs-schema.js';

const MP2T = 'video/mp2t';

/** The page of a document of `program`; `base` is the server's address for the commands in it. */
export function docsPage(document: OpenApi, program: string, base: string): string {
  const { info, tags, components } = document;
  const parts = tags.map(({ name, description }) => {
    const paths = Object.entries(document.paths).filter(([, item]) => tagOf(item) === name);
    const all = paths.map(([path, item]) => pathHtml(path, item, base)).join('');
    return `<section id="${idOf(name)}"><h2>${name}</h2><p>${proseHtml(description)}</p>${all}</section>`;
  });
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const message = typeof schema.description === 'string' ? `<p>${proseHtml(schema.description)}</p>` : '';
    return `<details id="schema-${name}"><summary><code>${name}</code></summary>${message}${schemaRows(schema)}</details>`;
  });
  const links = [...tags.map(({ name }) => name), 'Errors', 'Schemas'];
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    `<title>${escapeHtml(info.title)}: API</title>` +
    '<link rel="stylesheet" href="/style.css"><link rel="stylesheet" href="/player/docs.css"></head><body>' +
    `<h1>The API of ${program} ${escapeHtml(info.version)}</h1>${paragraphs(info.description)}` +
    '<p>For programs: <a href="/api/openapi.json">/api/openapi.json</a>. To watch: <a href="/">front page</a>.</p>' +
    `<nav aria-label="Parts">${links.map((name) => `<a href="#${idOf(name)}">${name}</a>`).join(' ')}</nav>` +
    parts.join('') +
    '<section id="errors"><h2>Errors</h2><p>Errors that any request can get, in addition to those listed with each operation.</p>' +
    `${errorsHtml(Object.values(components.responses))}</section>` +
    `<section id="schemas"><h2>Schemas</h2>${schemas.join('')}</section></body></html>`
  );
}

function tagOf(item: Readonly<Record<string, Json>>): string | undefined {
  const [operation] = Object.values(item);
  return (operation?.tags as string[] | undefined)?.[0];
}

/** A path; methods that do the same are described once. */
function pathHtml(path: string, item: Readonly<Record<string, Json>>, base: string): string {
  const described = new Map<string, DescribedOperation>();
  for (const [method, operation] of Object.entries(item)) {
    const summary = String(operation.summary);
    const same = described.get(summary);
    if (same) same.methods.push(method);
    else described.set(summary, { operation, methods: [method] });
  }
  return [...described.values()].map((one) => operationHtml(path, one, base)).join('');
}

interface DescribedOperation {
  readonly operation: Json;
  readonly methods: [first: string, ...others: string[]];
}

function operationHtml(path: string, { operation, methods }: DescribedOperation, base: string): string {
  const id = String(operation.operationId);
  const badges = methods.map((method) => `<b class="${method}">${method.toUpperCase()}</b>`).join(' ');
  const message = String(operation.description);
  const hasMore = message !== `${String(operation.summary)}.`;
  const responses = Object.entries(operation.responses as Record<string, Json>);
  const isProblem = ([, { content = {} }]: [string, Json]) => 'application/problem+json' in (content as Json);
  const isCommon = ([, { $ref }]: [string, Json]) => $ref !== undefined;
  const answers = responses.filter((one) => !isCommon(one) && !isProblem(one) && one[0] !== '2XX');
  const errors = responses.filter(isProblem).map(([, response]) => response);
  return (
    `<article id="${id}"><h3>${badges} <code>${escapeHtml(path)}</code></h3>` +
    `<p><a href="#${id}">${proseHtml(String(operation.summary))}</a>${hasMore ? `. ${proseHtml(message)}` : ''}</p>` +
    `${parametersHtml((operation.parameters ?? []) as Json[])}${requestBodyHtml(operation)}` +
    `<dl>${answers.map(([status, response]) => responseHtml(status, response)).join('')}</dl>` +
    `<pre><code>${escapeHtml(curlOf(path, methods[0], operation, base))}</code></pre>` +
    (errors.length === 0 ? '' : `<details><summary>Errors</summary>${errorsHtml(errors)}</details>`) +
    '</article>'
  );
}

function parametersHtml(parameters: readonly Json[]): string {
  const rows = parameters.map(({ name, in: where, description }) => {
    return `<dt><code>${escapeHtml(String(name))}</code> <small>${String(where)}</small></dt><dd>${proseHtml(String(description))}</dd>`;
  });
  return rows.length === 0 ? '' : `<dl>${rows.join('')}</dl>`;
}

function requestBodyHtml({ requestBody }: Json): string {
  if (requestBody === undefined) return '';
  const { content, required } = requestBody as { content: Record<string, Json>; required: boolean };
  const may = required ? '' : ', or nothing';
  return `<p>Takes <small>${contentHtml(content)}</small>${may}.</p>`;
}

/** The schema and the media type of a body; '': it has none. */
function contentHtml(content: Readonly<Record<string, Json>>): string {
  const types = Object.entries(content).map(([type, { schema }]) => {
    return [schemaLink(schema as Json, ''), type].filter((one) => one !== '').join(', ');
  });
  return types.join(' or ');
}

function responseHtml(status: string, { description, content = {} }: Json): string {
  const what = contentHtml(content as Record<string, Json>);
  const small = what === '' ? '' : ` <small>${what}</small>`;
  return `<dt><code>${status}</code></dt><dd>${proseHtml(String(description))}${small}</dd>`;
}

/** The error codes of responses, each with its meaning. */
function errorsHtml(responses: readonly Json[]): string {
  const rows = responses.flatMap(({ content }) => {
    const examples = (content as Record<string, Json>)['application/problem+json']?.examples;
    return Object.entries((examples ?? {}) as Record<string, { summary: string; value: { status: number } }>).map(
      ([code, { summary, value }]) => `<dt>${value.status} <code>${code}</code></dt><dd>${proseHtml(summary)}</dd>`,
    );
  });
  return `<dl class="errors">${rows.join('')}</dl>`;
}

/** A command that tries the operation with its example. */
function curlOf(path: string, method: string, operation: Json, base: string): string {
  const parameter = ((operation.parameters ?? []) as Json[]).find((one) => one.in === 'path');
  const url = base + (parameter ? path.replace(`{${String(parameter.name)}}`, String(parameter.example)) : path);
  const responses = operation.responses as Record<string, Json>;
  const answers = (type: string) => type in ((responses[200]?.content ?? {}) as Json);
  if ('101' in responses) return `new WebSocket('${url.replace(/^http/, 'ws')}')`;
  if (answers(MP2T)) return `ffplay -fflags nobuffer ${url}`;
  const { content = {} } = (operation.requestBody ?? {}) as { content?: Record<string, Json> };
  if (MP2T in content) return `ffmpeg ... -f mpegts ${url}`;
  const example = content['application/json']?.example;
  const body = example === undefined ? '' : ` -H 'Content-Type: application/json' -d '${JSON.stringify(example)}'`;
  const unbuffered = answers('text/event-stream') ? ' -N' : '';
  return `curl${unbuffered}${method === 'get' ? '' : ` -X ${method.toUpperCase()}`}${body} ${url}`;
}

function paragraphs(text: string): string {
  return text
    .split('\n\n')
    .map((one) => `<p>${proseHtml(one)}</p>`)
    .join('');
}

function idOf(name: string): string {
  return name.toLowerCase();
}

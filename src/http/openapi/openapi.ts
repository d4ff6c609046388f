// A server's API as a document, generated from the routes and the schemas that validate. OpenAPI Specification 3.1.1,
// RFC 9457.

import * as z from 'zod';
import { PROBLEM_MEDIA_TYPE, problem } from '../answer/problem.js';
import type {
  Method,
  Operation,
  Parameter,
  RequestBodySpec,
  ResponseSpec,
  Route,
  SchemaSource,
} from '../routes/route.js';
import { readVersion } from '../../version.js';
import type { ApiDescription, ErrorTable, Json } from './api-description.js';

/** The parts of the document that our own page and tests read. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string } & Json;
  readonly servers: readonly Json[];
  readonly security: readonly Json[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, Json>>;
  } & Json;
}

const problemSchema = z
  .strictObject({
    title: z.string().describe('the meaning of the status'),
    status: z.int().min(400).max(599).describe('the HTTP status'),
    code: z.string().describe('for programs; never changes'),
    detail: z.string().describe('for people: what was wrong, and what is accepted'),
  })
  .describe('An error: a problem document (RFC 9457) with a code.');

/** What the parts of a document are written with. */
interface Writer {
  readonly api: ApiDescription;
  readonly named: SchemaNames;
}

/** The document of `routes`. */
export async function openApi(routes: readonly Route[], api: ApiDescription): Promise<OpenApi> {
  const { title, about, server, tags, security } = api;
  const named = nameSchemas(api, await loadSchemas(routes));
  const schemes = Object.keys(security.schemes).map((name) => ({ [name]: [] }));
  return {
    openapi: '3.1.1',
    info: {
      title,
      version: readVersion(),
      description: about,
      contact: { name: `the operator of this ${server}` },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: `the ${server} that this document comes from` }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(routes.map((route) => [route.path, pathOf(route, { api, named })])),
    security: security.isRequired ? schemes : [{}, ...schemes],
    components: {
      schemas: named.components,
      responses: commonResponses(api),
      securitySchemes: security.schemes,
    },
  };
}

/** The schemas of routes whose sources are functions, by these. */
async function loadSchemas(routes: readonly Route[]): Promise<ReadonlyMap<SchemaSource, z.ZodType>> {
  const specs = routes
    .flatMap(({ operations }) => operations)
    .flatMap(({ body, answer, others = [] }) => [...(body ? [body] : []), answer, ...others]);
  const loaded = new Map<SchemaSource, z.ZodType>();
  for (const { schema } of specs) if (typeof schema === 'function') loaded.set(schema, await schema());
  return loaded;
}

/** JSON schemas by name, and how to write a schema: as a reference if it has a name. */
interface SchemaNames {
  readonly components: Readonly<Record<string, Json>>;
  write(source: SchemaSource, io: 'input' | 'output'): Json;
}

function nameSchemas({ schemas }: ApiDescription, loaded: ReadonlyMap<SchemaSource, z.ZodType>): SchemaNames {
  const uri = (id: string) => `#/components/schemas/${id}`;
  const registries = { input: z.registry<{ id: string }>(), output: z.registry<{ id: string }>() };
  for (const [id, schema] of Object.entries(schemas.input)) registries.input.add(schema, { id });
  for (const [id, schema] of Object.entries({ ...schemas.output, Problem: problemSchema }))
    registries.output.add(schema, { id });
  const made = (['input', 'output'] as const).flatMap((io) =>
    Object.entries(z.toJSONSchema(registries[io], { io, uri }).schemas),
  );
  return {
    components: Object.fromEntries(made.map(([id, schema]) => [id, plain(schema)])),
    write: (source, io) => {
      const schema = typeof source === 'function' ? loaded.get(source) : source;
      if (!schema) throw new Error('a schema of no route');
      const id = registries[io].get(schema)?.id;
      return id === undefined ? plain(z.toJSONSchema(schema, { io })) : { $ref: uri(id) };
    },
  };
}

/** A schema without `$schema`: within a document the document declares the dialect. */
function plain(schema: object): Json {
  const outside = ['$schema', '$id', '~standard'];
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !outside.includes(key)));
}

function pathOf(route: Route, writer: Writer): Record<string, Json> {
  const entries = route.operations.flatMap((operation) =>
    operation.methods.map((method) => [method.toLowerCase(), operationOf(route, operation, method, writer)] as const),
  );
  return Object.fromEntries(entries);
}

/** Each method needs an operationId of its own. */
function operationIdOf({ id, methods }: Operation, method: Method): string {
  return method === methods[0] ? id : `${id}By${method.charAt(0)}${method.slice(1).toLowerCase()}`;
}

function operationOf(route: Route, operation: Operation, method: Method, { api, named }: Writer): Json {
  const { summary, description, body, answer, others = [], errors } = operation;
  const isOpen = api.guard.isOpen(route, operation);
  const parameters = [
    ...(route.parameter ? [parameterJson(route.parameter, 'path')] : []),
    ...(operation.parameters ?? []).map((one) => parameterJson(one, one.in)),
  ];
  const again = method === operation.methods[0] ? '' : `The same as ${operation.methods[0]}.`;
  const message = [again, description ?? ''].filter((part) => part !== '').join(' ');
  return {
    operationId: operationIdOf(operation, method),
    tags: [route.tag],
    summary,
    description: message === '' ? `${summary}.` : message,
    ...(isOpen && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: body.isOptional !== true, content: contentOf(body, named, 'input') } }),
    responses: {
      ...Object.fromEntries([answer, ...others].map((one) => [one.status, responseOf(one, named)])),
      ...(answer.status === 101 && {
        '2XX': { description: 'Never sent: success is 101. Some tools require a 2XX response.' },
      }),
      ...errorResponses(errors, api.errors),
      ...commonRefs(api.guard.errorsOf(route, operation), others, api.errors),
      default: { $ref: '#/components/responses/Other' },
    },
  };
}

function parameterJson({ name, description, example }: Parameter, where: 'path' | 'query' | 'header'): Json {
  return { name, in: where, required: where === 'path', description, schema: { type: 'string' }, example };
}

function contentOf(
  { type, schema, example }: RequestBodySpec | ResponseSpec,
  named: SchemaNames,
  io: 'input' | 'output',
): Json {
  if (type === null) return {};
  const written = schema === null ? { description: 'as it is' } : named.write(schema, io);
  return { [type]: { schema: written, ...(example !== undefined && { example }) } };
}

function responseOf(answer: ResponseSpec, named: SchemaNames): Json {
  const { description, type } = answer;
  return { description: description, ...(type !== null && { content: contentOf(answer, named, 'output') }) };
}

/** Errors by their status, the codes of each as examples. */
function errorResponses(codes: readonly string[], table: ErrorTable): Json {
  const statuses = [...new Set(codes.map((code) => errorOf(code, table)[0]))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const those = codes.filter((code) => errorOf(code, table)[0] === status);
      return [status, problemResponse(those, table)];
    }),
  );
}

function problemResponse(codes: readonly string[], table: ErrorTable): Json {
  const examples = codes.map((code) => {
    const [status, message] = errorOf(code, table);
    return [code, { summary: message, value: problem(status, code, message) }] as const;
  });
  const schema = { $ref: '#/components/schemas/Problem' };
  return {
    description: codes.map((code) => `${code}: ${errorOf(code, table)[1]}`).join(' '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema, examples: Object.fromEntries(examples) } },
  };
}

function errorOf(code: string, table: ErrorTable): readonly [status: number, meaning: string] {
  const error = table[code];
  if (!error) throw new Error(`the table of errors has no ${code}`);
  return error;
}

function commonResponses({ guard, errors, anyRequestErrors }: ApiDescription): Record<string, Json> {
  const each = guard.codes.map((code) => [code, problemResponse([code], errors)] as const);
  const other = { ...problemResponse(anyRequestErrors, errors), description: 'Errors that any request can get.' };
  return { ...Object.fromEntries(each), Other: other };
}

/** References to the guard's errors, except for a status that the operation itself describes. */
function commonRefs(codes: readonly string[], others: readonly ResponseSpec[], table: ErrorTable): Json {
  const own = new Set(others.map(({ status }) => status));
  const left = codes.filter((code) => !own.has(errorOf(code, table)[0]));
  const all = left.map((code) => {
    const [status] = errorOf(code, table);
    const same = left.filter((other) => errorOf(other, table)[0] === status);
    const response = same.length === 1 ? { $ref: `#/components/responses/${code}` } : problemResponse(same, table);
    return [status, response] as const;
  });
  return Object.fromEntries(all);
}

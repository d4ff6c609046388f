// The API's document, generated from the routes and the schemas that validate. OpenAPI Specification 3.1.1, RFC 9457.

import * as z from 'zod';
import { eventSchema, faultSchema, historyLostSchema } from '../../relay/events/event.js';
import { PROBLEM_MEDIA_TYPE, problem } from '../../http/answer/problem.js';
import { muteBodySchema } from '../../relay/rules/mute-rule.js';
import { destinationSchema, streamSchema } from '../../relay/rules/rules.js';
import { readVersion } from '../../version.js';
import { COMMON_ERRORS, type ErrorCode, ERRORS } from './error-codes.js';
import { OPEN_PATHS } from '../access/key-policy.js';
import { COOKIE_NAME } from '../access/keys.js';
import { uploadSummarySchema } from '../routes/media-routes.js';
import {
  type ResponseSpec,
  type RequestBodySpec,
  type Method,
  type Operation,
  type Parameter,
  type Route,
  TAGS,
} from '../routes/route.js';
import { recordedEventSchema } from '../routes/monitoring-routes.js';
import {
  allRulesSchema,
  destinationListSchema,
  storedDestinationSchema,
  storedMuteSchema,
  storedStreamSchema,
  muteAnswerSchema,
  muteListSchema,
  streamListSchema,
} from '../routes/rule-schemas.js';
import {
  destinationStatsSchema,
  feedStatsSchema,
  linkStatsSchema,
  muteStatsSchema,
  processStatsSchema,
  statsSchema,
  streamStatsSchema,
} from '../../relay/stats-schema.js';

/** A part of the document. */
export type Json = Readonly<Record<string, unknown>>;

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

/** The named schemas of the document: of requests, and of responses. */
const INPUT_SCHEMAS = { StreamRule: streamSchema, DestinationRule: destinationSchema, Mute: muteBodySchema };
const OUTPUT_SCHEMAS = {
  KeptStreamRule: storedStreamSchema,
  KeptDestinationRule: storedDestinationSchema,
  KeptMute: storedMuteSchema,
  MuteAnswer: muteAnswerSchema,
  StreamList: streamListSchema,
  DestinationList: destinationListSchema,
  MuteList: muteListSchema,
  AllRules: allRulesSchema,
  UploadSummary: uploadSummarySchema,
  Stats: statsSchema,
  ProcessStats: processStatsSchema,
  FeedStats: feedStatsSchema,
  StreamStats: streamStatsSchema,
  DestinationStats: destinationStatsSchema,
  LinkStats: linkStatsSchema,
  MuteStats: muteStatsSchema,
  EventRecord: recordedEventSchema,
  Event: eventSchema,
  HistoryLost: historyLostSchema,
  Fault: faultSchema,
  Problem: problemSchema,
};

const DESCRIPTION = [
  'vw receives MPEG-TS at /ts/{feed} and sends feeds, and streams made of them, to relay servers over outbound WebSockets. ' +
    'This API changes what goes where while it runs.',
  'Every error is a problem document with a `code`. HEAD is supported wherever GET is.',
  'If a key is set (VW_API_KEY), send it as a bearer token, as the password of Basic with any user name, or use the ' +
    "login's cookie.",
].join('\n\n');

/** Whether a relay requires a key. */
export type RelayAccess = 'key' | 'open';

/** The document of `routes` of a relay. */
export function openApi(routes: readonly Route[], access: RelayAccess): OpenApi {
  const hasKey = access === 'key';
  const named = nameSchemas();
  const scheme = (name: string) => ({ [name]: [] });
  const schemes = [scheme('bearer'), scheme('basic'), ...(hasKey ? [scheme('cookie')] : [])];
  return {
    openapi: '3.1.1',
    info: {
      title: 'vw: video over WebSockets',
      version: readVersion(),
      description: DESCRIPTION,
      contact: { name: 'the operator of this relay' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'the relay that this document comes from' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(routes.map((route) => [route.path, pathOf(route, named)])),
    security: hasKey ? schemes : [{}, ...schemes],
    components: {
      schemas: named.components,
      responses: commonResponses(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The key (VW_API_KEY).' },
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'The key as the password; the user name is ignored.',
        },
        ...(hasKey && {
          cookie: { type: 'apiKey', in: 'cookie', name: COOKIE_NAME, description: 'The cookie that the login sets.' },
        }),
      },
    },
  };
}

/** JSON schemas by name, and how to write a schema: as a reference if it has a name. */
interface SchemaNames {
  readonly components: Readonly<Record<string, Json>>;
  write(schema: z.ZodType, io: 'input' | 'output'): Json;
}

function nameSchemas(): SchemaNames {
  const uri = (id: string) => `#/components/schemas/${id}`;
  const registries = { input: z.registry<{ id: string }>(), output: z.registry<{ id: string }>() };
  for (const [id, schema] of Object.entries(INPUT_SCHEMAS)) registries.input.add(schema, { id });
  for (const [id, schema] of Object.entries(OUTPUT_SCHEMAS)) registries.output.add(schema, { id });
  const made = (['input', 'output'] as const).flatMap((io) =>
    Object.entries(z.toJSONSchema(registries[io], { io, uri }).schemas),
  );
  return {
    components: Object.fromEntries(made.map(([id, schema]) => [id, plain(schema)])),
    write: (schema, io) => {
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

function pathOf(route: Route, named: SchemaNames): Record<string, Json> {
  const entries = route.operations.flatMap((operation) =>
    operation.methods.map((method) => [method.toLowerCase(), operationOf(route, operation, method, named)] as const),
  );
  return Object.fromEntries(entries);
}

/** Each method needs an operationId of its own. */
function operationIdOf({ id, methods }: Operation, method: Method): string {
  return method === methods[0] ? id : `${id}By${method.charAt(0)}${method.slice(1).toLowerCase()}`;
}

function operationOf(route: Route, operation: Operation, method: Method, named: SchemaNames): Json {
  const { summary, description, body, answer, others = [], errors } = operation;
  const isOpen = OPEN_PATHS.has(route.path);
  const parameters = [
    ...(route.parameter ? [parameterOf(route.parameter, 'path')] : []),
    ...(operation.parameters ?? []).map((one) => parameterOf(one, one.in)),
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
      ...errorResponses(errors),
      ...commonRefs(guardErrors(route, operation), others),
      default: { $ref: '#/components/responses/Other' },
    },
  };
}

function parameterOf({ name, description, example }: Parameter, where: 'path' | 'query' | 'header'): Json {
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
function errorResponses(codes: readonly ErrorCode[]): Json {
  const statuses = [...new Set(codes.map((code) => ERRORS[code][0]))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const those = codes.filter((code) => ERRORS[code][0] === status);
      return [status, problemResponse(those)];
    }),
  );
}

function problemResponse(codes: readonly ErrorCode[]): Json {
  const examples = codes.map((code) => {
    const [status, message] = ERRORS[code];
    return [code, { summary: message, value: problem(status, code, message) }] as const;
  });
  const schema = { $ref: '#/components/schemas/Problem' };
  return {
    description: codes.map((code) => `${code}: ${ERRORS[code][1]}`).join(' '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema, examples: Object.fromEntries(examples) } },
  };
}

const COMMON: readonly ErrorCode[] = ['ERR_KEY', 'ERR_ORIGIN', 'ERR_HOST', 'ERR_TOO_MANY_KEYS'];

function commonResponses(): Record<string, Json> {
  const each = COMMON.map((code) => [code, problemResponse([code])] as const);
  const other = { ...problemResponse(COMMON_ERRORS), description: 'Errors that any request can get.' };
  return { ...Object.fromEntries(each), Other: other };
}

/** The errors with which the guard may answer an operation. */
function guardErrors({ path }: Route, { takesAnyHost }: Operation): ErrorCode[] {
  const errors: ErrorCode[] = takesAnyHost ? ['ERR_ORIGIN'] : ['ERR_ORIGIN', 'ERR_HOST'];
  return OPEN_PATHS.has(path) ? errors : [...errors, 'ERR_KEY', 'ERR_TOO_MANY_KEYS'];
}

/** References to the guard's errors, except for a status that the operation itself describes. */
function commonRefs(codes: readonly ErrorCode[], others: readonly ResponseSpec[]): Json {
  const own = new Set(others.map(({ status }) => status));
  const left = codes.filter((code) => !own.has(ERRORS[code][0]));
  return Object.fromEntries(left.map((code) => [ERRORS[code][0], { $ref: `#/components/responses/${code}` }]));
}

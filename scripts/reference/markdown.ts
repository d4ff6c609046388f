// Markdown of tables and of JSON schemas, for the reference.

import type { Json } from '../../src/http/openapi/api-description.js';

/** A table; every row is on one line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|');
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** GitHub's anchor of a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

/** The type of a value; a named schema is a link to where `places` says it is described. */
export function typeText(schema: Json, places: Readonly<Record<string, string>>): string {
  const { $ref, type, anyOf, oneOf, items, additionalProperties, properties } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.split('/').pop()!;
    const place = places[name];
    return place === undefined ? name : `[${name}](${place})`;
  }
  const either = (anyOf ?? oneOf) as Json[] | undefined;
  if (either) return either.map((one) => typeText(one, places)).join(' or ');
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return (schema.enum as unknown[]).map((one) => code(JSON.stringify(one))).join(' or ');
  if (type === 'array') return `list of ${typeText(items as Json, places)}`;
  if (type === 'object' && properties === undefined && typeof additionalProperties === 'object') {
    const inner = typeText(additionalProperties as Json, places);
    return inner === 'anything' ? 'object' : `object: ${inner} by name`;
  }
  if (Array.isArray(type)) return type.join(' or ');
  return typeof type === 'string' ? type : 'anything';
}

/** A row for each field of an object, nested ones included. */
export function fieldRows(schema: Json, places: Readonly<Record<string, string>>, prefix = ''): string[][] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties as Record<string, Json>).flatMap(([name, field]) => {
    const isList = field.type === 'array';
    const inner = partsOf(isList ? (field.items as Json) : field);
    const type = typeText(field, places) + ((required as string[]).includes(name) ? '' : ', optional');
    const description = typeof field.description === 'string' ? field.description : '';
    const path = `${prefix}${name}`;
    return [[code(path), type, description], ...fieldRows(inner, places, `${path}${isList ? '[]' : ''}.`)];
  });
}

/** The object in a schema that may be null. */
function partsOf(schema: Json): Json {
  const either = schema.anyOf as Json[] | undefined;
  return either?.find(({ properties }) => properties !== undefined) ?? schema;
}

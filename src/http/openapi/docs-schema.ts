// JSON schemas in readable form: the fields of an object, and the values that each accepts.

import { escapeHtml } from '../answer/escape-html.js';
import type { Json } from './api-description.js';

/** Text of the document as HTML; text between backticks becomes code. */
export function proseHtml(message: string): string {
  return escapeHtml(message).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** The type of a value, with links to named schemas; `otherwise`: what to write if the schema gives none. */
export function schemaLink(schema: Json, otherwise = 'anything'): string {
  const { $ref, type, anyOf, oneOf, const: only, items, additionalProperties, properties } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.slice($ref.lastIndexOf('/') + 1);
    return `<a href="#schema-${name}">${name}</a>`;
  }
  const either = (anyOf ?? oneOf) as Json[] | undefined;
  if (either) return either.map((one) => schemaLink(one)).join(' or ');
  if (only !== undefined) return `<code>${escapeHtml(JSON.stringify(only))}</code>`;
  if (schema.enum) return (schema.enum as unknown[]).map((one) => schemaLink({ const: one })).join(' or ');
  if (type === 'array') return `list of ${schemaLink(items as Json)}`;
  if (type === 'object' && properties === undefined && typeof additionalProperties === 'object') {
    return `object: ${schemaLink(additionalProperties as Json)} by name`;
  }
  if (Array.isArray(type)) return type.join(' or ');
  return typeof type === 'string' ? type : otherwise;
}

/** The fields of an object, nested ones included; for any other schema its type. */
export function schemaRows(schema: Json): string {
  const fields = fieldsOf(schema, '');
  return fields === '' ? `<p>${alternatives(schema)}</p>` : `<dl>${fields}</dl>`;
}

function fieldsOf({ properties = {}, required = [] }: Json, prefix: string): string {
  return Object.entries(properties as Record<string, Json>)
    .map(([name, field]) => {
      const message = typeof field.description === 'string' ? proseHtml(field.description) : '';
      const may = (required as string[]).includes(name) ? '' : ', optional';
      const within = fieldsOf((field.type === 'array' ? field.items : field) as Json, `${prefix}${name}.`);
      return (
        `<dt><code>${escapeHtml(prefix + name)}</code> <small>${schemaLink(field)}${may}</small></dt><dd>${message}</dd>` +
        within
      );
    })
    .join('');
}

/** The alternatives of a union, with their fields if they have no name. */
function alternatives(schema: Json): string {
  const either = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (!either?.some(({ properties }) => properties)) return schemaLink(schema);
  return either.map((one) => `<dl class="one">${fieldsOf(one, '')}</dl>`).join('');
}

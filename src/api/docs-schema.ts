// JSON schemas as people read them: the fields of an object, and what each may be.

import { escapeHtml } from '../web/player-page.js';
import type { Json } from './openapi.js';

/** Words of the document as HTML: what stands between backticks is code. */
export function prose(words: string): string {
  return escapeHtml(words).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** What a value may be, with links to schemas that have a name; `otherwise`: where the schema does not say. */
export function schemaLink(schema: Json, otherwise = 'anything'): string {
  const { $ref, type, anyOf, oneOf, const: only, items, additionalProperties, properties } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.split('/').pop()!;
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

/** The fields of an object, those of objects within it too; of anything else what it may be. */
export function schemaRows(schema: Json): string {
  const fields = fieldsOf(schema, '');
  return fields === '' ? `<p>${alternatives(schema)}</p>` : `<dl>${fields}</dl>`;
}

function fieldsOf({ properties = {}, required = [] }: Json, prefix: string): string {
  return Object.entries(properties as Record<string, Json>)
    .map(([name, field]) => {
      const words = typeof field.description === 'string' ? prose(field.description) : '';
      const may = (required as string[]).includes(name) ? '' : ', may be left out';
      const within = fieldsOf((field.type === 'array' ? field.items : field) as Json, `${prefix}${name}.`);
      return (
        `<dt><code>${escapeHtml(prefix + name)}</code> <small>${schemaLink(field)}${may}</small></dt><dd>${words}</dd>` +
        within
      );
    })
    .join('');
}

/** Schemas that may stand for each other, with their fields where they have no name. */
function alternatives(schema: Json): string {
  const either = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
  if (!either?.some(({ properties }) => properties)) return schemaLink(schema);
  return either.map((one) => `<dl class="one">${fieldsOf(one, '')}</dl>`).join('');
}

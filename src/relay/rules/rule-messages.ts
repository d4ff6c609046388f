// Parts of the error message for a refused rule. Pure.

import type * as z from 'zod';

/** The fields of a schema, each with a sample of its value; null: the field is not mentioned. */
export function acceptedFields<S extends z.ZodRawShape>(
  { shape }: z.ZodObject<S>,
  samples: { readonly [K in keyof S]: string | null },
): string {
  const fields = Object.entries(shape).flatMap(([name, field]) => {
    const sample = samples[name];
    if (sample === null || sample === undefined) return [];
    const isOptional = (field as z.ZodType).safeParse(undefined).success;
    return [`"${name}": ${sample}${isOptional ? ' (optional)' : ''}`];
  });
  return `{${fields.join(', ')}}`;
}

/** A name for use in a message: shortened, without control characters. */
export function clip(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}

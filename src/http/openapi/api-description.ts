// What a server says of its API beside its routes. Loaded when the document is asked for.

import type * as z from 'zod';
import type { Operation, Route } from '../routes/route.js';

/** Error codes, each with its status and meaning. */
export type ErrorTable = Readonly<Record<string, readonly [status: number, meaning: string]>>;

/** A part of a document. */
export type Json = Readonly<Record<string, unknown>>;

/** What the document of one server has beside its routes. */
export interface ApiDescription {
  /** The command that runs the server: `vw serve`. */
  readonly program: string;
  readonly title: string;
  /** Paragraphs are separated by an empty line; text between backticks is code. */
  readonly about: string;
  /** What the server is called in messages. */
  readonly server: 'relay' | 'server';
  /** The parts of the document, in its order: each tag with its description. */
  readonly tags: Readonly<Record<string, string>>;
  /** The schemas that have a name in the document: of requests, and of answers. */
  readonly schemas: {
    readonly input: Readonly<Record<string, z.ZodType>>;
    readonly output: Readonly<Record<string, z.ZodType>>;
  };
  readonly security: SecurityDescription;
  /** Every error of the server. */
  readonly errors: ErrorTable;
  /** The codes of errors that any request can get. */
  readonly anyRequestErrors: readonly string[];
  readonly guard: GuardDescription;
}

/** How a client shows that it has permission. */
export interface SecurityDescription {
  /** By name. */
  readonly schemes: Readonly<Record<string, Json>>;
  /** Whether one of them is required; if not, a request without any is accepted too. */
  readonly isRequired: boolean;
}

/** What a server's guard may answer. */
export interface GuardDescription {
  /** All its codes. */
  readonly codes: readonly string[];
  /** Those with which it may answer one operation. */
  readonly errorsOf: (route: Route, operation: Operation) => readonly string[];
  /** Whether an operation needs no permission. */
  readonly isOpen: (route: Route, operation: Operation) => boolean;
}

// Reads the body of a request as JSON, up to a limit. RFC 8259, RFC 9110 §8.3.

import express, { type RequestHandler } from 'express';
import { HttpError } from '../answer/problem.js';

const MAX_BODY_BYTES = 64 * 1024;

/** Requires a JSON content type: a page's form, which browsers send without a CORS preflight, cannot have it. */
const requireJson: RequestHandler = (request, _response, next) => {
  const given = request.headers['content-type'];
  // Not `request.is`, which rejects JSON if there is no body: a missing body is a bad rule, not a wrong type.
  if (given === undefined || !/^application\/json *(;|$)/i.test(given)) {
    throw new HttpError(
      415,
      'ERR_CONTENT_TYPE',
      `${given === undefined ? 'no content type' : `content type "${given.slice(0, 80)}"`} is not accepted; ` +
        'accepted: a JSON body with the header Content-Type: application/json',
    );
  }
  next();
};

const requireJsonIfAny: RequestHandler = (request, response, next) => {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) void requireJson(request, response, next);
  else next();
};

const parseJson = express.json({ limit: MAX_BODY_BYTES, strict: false });

/** Handlers that read a required body as JSON; {@link optionalJsonBody} reads an optional one. */
export const jsonBody: readonly RequestHandler[] = [requireJson, parseJson];
export const optionalJsonBody: readonly RequestHandler[] = [requireJsonIfAny, parseJson];
/** Errors of reading a JSON body. */
export const JSON_ERRORS = ['ERR_BAD_JSON', 'ERR_BAD_REQUEST', 'ERR_TOO_LARGE', 'ERR_CONTENT_TYPE'] as const;

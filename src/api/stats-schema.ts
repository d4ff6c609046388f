// Where the schema of `GET /api/stats` was at first.

export * from '../relay/stats-schema.js';

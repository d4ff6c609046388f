// An error as a page, for browsers; programs get the problem document.

import { escapeHtml } from './escape-html.js';

/** A problem document (RFC 9457). */
export interface ShownProblem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** The page; `stylesheet` is the path of the style sheet of the server's pages. */
export function problemPage({ status, title, detail, code }: ShownProblem, stylesheet: string): string {
  // Parts separated by "; " become sentences of their own here.
  const [first = '', ...others] = detail.split('; ');
  const sentences = [first, ...others].map(
    (one) => `<p>${escapeHtml(one.charAt(0).toUpperCase() + one.slice(1))}.</p>`,
  );
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">' +
    `<title>vw: ${escapeHtml(title)}</title><link rel="stylesheet" href="${stylesheet}"></head>` +
    `<body><main><h1>${escapeHtml(title)}</h1>${sentences.join('')}` +
    `<p><a href="/">To the front page</a></p><p><small>${status} ${escapeHtml(code)}</small></p></main></body></html>\n`
  );
}

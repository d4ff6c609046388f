// The style sheet of plain pages: login, front page of the relay, errors, the page of an API.

import { content, type Route } from './route.js';

/** Its path. */
export const STYLE_PATH = '/style.css';

// Text has a contrast of at least 4.5 to its background in both themes (WCAG 2.2, 1.4.3); a test measures it.
const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:10vh auto;padding:0 1rem;color:#1c2733;background:#f6f8fa}
h1{font-size:1.5rem}a{color:#0b57b0}input,button{font:inherit;padding:.5rem .75rem;border:1px solid #7c8b99;border-radius:.4rem}
button{background:#0b6bcb;border-color:#0b6bcb;color:#fff;cursor:pointer}p.bad{color:#b3261e}code{background:#e7ecf1;padding:.1rem .3rem;border-radius:.25rem}
h2{font-size:1.1rem}.watch{list-style:none;padding:0}.watch a{display:inline-block;padding:.6rem 0;min-width:12rem}
.watch .live{color:#1a7330}.watch .away{color:#4d5c6a}
@media(prefers-color-scheme:dark){body{color:#dbe4ec;background:#12181f}a{color:#6cb0ff}code{background:#24303b}input{background:#1b242d;color:inherit}
p.bad{color:#ff8f85}.watch .live{color:#56d364}.watch .away{color:#9fb0c0}}`;

/** Serves it. */
export const styleRoute: Route<'Pages', never> = {
  name: 'style',
  path: STYLE_PATH,
  tag: 'Pages',
  operations: [
    {
      methods: ['GET'],
      id: 'style',
      summary: 'The style sheet of the pages',
      answer: content('text/css', 'The style.'),
      errors: [],
      handlers: [
        (_request, response) => {
          response.type('css').send(STYLE);
        },
      ],
    },
  ],
};

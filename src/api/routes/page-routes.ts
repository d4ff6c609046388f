// The login page and the front page, for a browser that has no key yet or opens the relay's address.
// No script.

import express, { type RequestHandler } from 'express';
import * as z from 'zod';
import { refusal } from '../access/key-policy.js';
import { COOKIE_NAME, type KeyGuard } from '../access/keys.js';
import { content } from '../../http/routes/route.js';
import { STYLE_PATH, styleRoute } from '../../http/routes/style-route.js';
import { type RelayRoute, TO_LOGIN } from './relay-route.js';
import { type PlayStatus, stateText } from '../../http/answer/play-status.js';
import { escapeHtml } from '../../http/answer/escape-html.js';
import type { Scheme } from '../../http/request/hosts.js';

const HTML = 'text/html';

/** The login page that redirects to a player's page afterwards; `null`: `path` is not a player's page. */
export function loginFor(path: string): string | null {
  return /^\/play\/[\w.%/-]+$/.test(path) ? `/login?to=${encodeURIComponent(path)}` : null;
}

/** What the front page says. */
export interface FrontPage {
  /** What can be played now. */
  readonly playable: readonly PlayableItem[];
  /** What is wrong with the saved rules; null: nothing. */
  readonly rulesFault: string | null;
}

/** The relay's pages; `keys` is null if no login is needed. */
export function pageRoutes(keys: KeyGuard | null, scheme: Scheme, front: () => FrontPage): RelayRoute[] {
  return [
    {
      name: 'front page',
      path: '/',
      tag: 'Pages',
      operations: [
        {
          methods: ['GET'],
          id: 'frontPage',
          summary: 'A page that lists the feeds and streams',
          answer: content(HTML, 'The page.'),
          others: [TO_LOGIN],
          errors: [],
          handlers: [
            (_request, response) => {
              response.type('html').send(frontPage(front()));
            },
          ],
        },
      ],
    },
    styleRoute,
    ...(keys ? loginRoutes(keys, scheme) : []),
  ];
}

/** A feed, stream or topic that can be played. */
export interface PlayableItem {
  readonly name: string;
  /** Whether media arrives for it now. */
  readonly isLive: boolean;
  /** What the host has muted. */
  readonly muted: PlayStatus['muted'];
}

/** A list of links to players, for a front page. */
export function playerLinks(all: readonly PlayableItem[]): string {
  const rows = all.map(({ name, isLive, muted }) => {
    const state = `<span class="${isLive && muted !== 'all' ? 'live' : 'away'}">${stateText(isLive ? 'live' : 'absent', muted)}</span>`;
    const path = name.split('/').map(encodeURIComponent).join('/');
    return `<li><a href="/play/${escapeHtml(path)}">${escapeHtml(name)}</a> ${state}</li>`;
  });
  return rows.length === 0 ? '' : `<ul class="watch">${rows.join('')}</ul>`;
}

function loginRoutes(keys: KeyGuard, scheme: Scheme): RelayRoute[] {
  const login: RequestHandler = (request, response) => {
    const { key, to } = (request.body ?? {}) as { key?: unknown; to?: unknown };
    const address = request.socket.remoteAddress ?? '';
    const verdict = keys.checkKey(typeof key === 'string' ? key : '', address, Date.now());
    if (verdict !== 'good') {
      if (verdict !== 'none') keys.logRefusal(verdict, address);
      const { status, headers } = refusal(verdict);
      // No WWW-Authenticate: the browser would ask for the key a second time in a dialog of its own.
      if (status === 429) response.set(headers);
      const reason = status === 429 ? 'Too many wrong keys: wait a minute.' : 'That key is wrong.';
      response
        .status(status)
        .type('html')
        .send(loginPage(reason, redirectTarget(to)));
      return;
    }
    response.cookie(COOKIE_NAME, keys.newSession(Date.now()), {
      httpOnly: true,
      sameSite: 'strict',
      secure: scheme === 'https:',
      path: '/',
      maxAge: 7 * 24 * 3_600_000,
    });
    response.redirect(303, redirectTarget(to));
  };
  const to = {
    in: 'query',
    name: 'to',
    description: "The player's page to which the login redirects.",
    example: '/play/video0',
  } as const;
  return [
    {
      name: 'login',
      path: '/login',
      tag: 'Pages',
      operations: [
        {
          methods: ['GET'],
          id: 'loginPage',
          summary: 'The page that asks for the key',
          parameters: [to],
          answer: content(HTML, 'The page.'),
          errors: [],
          handlers: [
            (request, response) => {
              response.type('html').send(loginPage('', redirectTarget(request.query.to)));
            },
          ],
        },
        {
          methods: ['POST'],
          id: 'login',
          summary: 'Sets a cookie that lasts a week',
          body: {
            type: 'application/x-www-form-urlencoded',
            schema: z.object({
              key: z.string().describe('VW_API_KEY'),
              to: z.string().optional().describe(to.description),
            }),
          },
          answer: {
            status: 303,
            description: 'Redirects to the requested page, with a cookie.',
            type: null,
            schema: null,
          },
          others: [
            { ...content(HTML, 'The key is wrong; the page asks again.'), status: 401 },
            { ...content(HTML, 'Too many wrong keys.'), status: 429 },
          ],
          errors: ['ERR_TOO_LARGE'],
          handlers: [express.urlencoded({ extended: false, limit: 8192, parameterLimit: 4 }), login],
        },
      ],
    },
    {
      name: 'logout',
      path: '/logout',
      tag: 'Pages',
      operations: [
        {
          methods: ['POST'],
          id: 'logout',
          summary: 'Deletes the cookie',
          answer: { status: 303, description: 'Redirects to the login.', type: null, schema: null },
          errors: [],
          handlers: [
            (_request, response) => {
              response.clearCookie(COOKIE_NAME, { path: '/' });
              response.redirect(303, '/login');
            },
          ],
        },
      ],
    },
  ];
}

function page(title: string, body: string): string {
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<title>${title}</title><link rel="stylesheet" href="${STYLE_PATH}">${body}</html>`
  );
}

function frontPage({ playable, rulesFault }: FrontPage): string {
  return page(
    'vw',
    '<h1>vw: video over WebSockets</h1><p>The relay is running. ' +
      '<a href="/api/stats">Stats</a>, <a href="/api/streams/all">streams</a>, ' +
      '<a href="/api/destinations/all">destinations</a>, <a href="/api/docs">API</a>.</p>' +
      (rulesFault === null ? '' : `<p class="bad" role="alert">Saved rules: ${escapeHtml(rulesFault)}</p>`) +
      (playable.length === 0 ? '' : `<h2>Watch</h2>${playerLinks(playable)}`) +
      '<p>Send MPEG-TS to <code>/ts/&lt;feed&gt;</code>, watch a feed at <code>/play/&lt;feed&gt;</code>, ' +
      'receive its bytes at <code>/ws/&lt;feed&gt;</code>.</p>',
  );
}

/** Where a login redirects: a player's page or the front page, so that no link can redirect elsewhere. */
function redirectTarget(to: unknown): string {
  return typeof to === 'string' && loginFor(to) !== null ? to : '/';
}

function loginPage(fault: string, to: string): string {
  return page(
    'vw: key',
    `<h1>vw: video over WebSockets</h1>${fault === '' ? '' : `<p class="bad" role="alert">${fault}</p>`}` +
      `<form method="post" action="/login"><input type="hidden" name="to" value="${escapeHtml(to)}">` +
      '<label for="key">The key (VW_API_KEY)</label><p>' +
      '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus> ' +
      '<button>Log in</button></p></form>',
  );
}

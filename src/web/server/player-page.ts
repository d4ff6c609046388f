// The player's page as HTML. No inline script and no inline style: its policy allows files only.

import { escapeHtml } from '../../http/answer/escape-html.js';

/** The parameters of a player's page. */
export interface PlayerPage {
  /** The name of what it plays. */
  readonly name: string;
  /** Path of its WebSocket. */
  readonly socket: string;
  /** Path of its status. */
  readonly status: string;
  /** Whether the server requires a token as the first message. */
  readonly wantsToken: boolean;
}

const ICONS = {
  sound: '<path class="off" d="m16 9 5 6m0-6-5 6"/><path class="on" d="M16 9a4 4 0 0 1 0 6m3-9a8 8 0 0 1 0 12"/>',
  speaker: '<path d="M4 9.5h3.5L12 6v12l-4.5-3.5H4z"/>',
  full: '<path d="M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5"/>',
};

/** The page with the player. */
export function playerPage({ name, socket, status, wantsToken }: PlayerPage): string {
  const title = escapeHtml(name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/player/icon.svg">
<link rel="stylesheet" href="/player/player.css">
<script type="module" src="/player/main.js"></script>
<link rel="modulepreload" href="/player/mpeg1-player.js">
<link rel="modulepreload" href="/player/mse-player.js">
</head>
<body>
<main id="player" data-state="connecting" data-socket="${escapeHtml(socket)}" data-status="${escapeHtml(status)}" data-token="${wantsToken ? 'wanted' : 'none'}">
<h1 class="unseen">${title}</h1>
<div id="stage"></div>
<div id="speaker" hidden></div>
<p id="frozen" hidden></p>
<p id="status" role="status">Connecting…</p>
<noscript><p class="notice">The player needs JavaScript, which is switched off.</p></noscript>
<form id="ask" hidden>
<label for="token">Token</label>
<input id="token" type="password" autocomplete="off" spellcheck="false" required>
<button>Watch</button>
</form>
<div id="bar">
<button id="sound" type="button" data-is="off" aria-keyshortcuts="m"><svg viewBox="0 0 24 24" aria-hidden="true">${ICONS.speaker}${ICONS.sound}</svg><span id="sound-label">Unmute</span></button>
<div id="about">
<span id="name">${title}</span>
<span id="figures"><span id="tracks" title="What is played"></span><span id="bitrate" title="What arrives"></span><span id="delay" title="Delay in this player, from arrival to the screen"></span><span id="lost" title="Packets that did not arrive, since this page was opened"></span></span>
</div>
<button id="full" type="button" aria-keyshortcuts="f"><svg viewBox="0 0 24 24" aria-hidden="true">${ICONS.full}</svg><span id="full-label" class="unseen">Full screen</span></button>
</div>
</main>
</body>
</html>
`;
}

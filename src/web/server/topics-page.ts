// The front page of `vw serve` as HTML: its script lists the topics.

/** The page that lists topics; where a token is wanted, only those that it is for. */
export function topicsPage(token: 'wanted' | 'none'): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>vw: live streams</title>
<link rel="icon" href="/player/icon.svg">
<link rel="stylesheet" href="/player/topics.css">
<script type="module" src="/player/topic-list.js"></script>
</head>
<body>
<main id="topics" data-token="${token}">
<h1>Live streams</h1>
<form id="ask" hidden>
<label for="token">Token</label>
<input id="token" type="password" autocomplete="off" spellcheck="false" required>
<button>Show</button>
</form>
<p id="status" role="status">Looking…</p>
<ul id="list"></ul>
<noscript><p>This page needs JavaScript, which is switched off.</p></noscript>
</main>
</body>
</html>
`;
}

// The front page's script: polls the list of topics, and links each to its player.

import { type PlayStatus, stateText } from '../../../http/answer/play-status.js';

const EVERY_MS = 3000;
const STORAGE_KEY = 'vw token';

/** A topic in the answer of `GET /api/topics`. */
interface ListedTopic {
  readonly topic: string;
  readonly isPublished: boolean;
  readonly codecs: readonly string[];
  readonly muted: PlayStatus['muted'];
}

function elementById(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}: topics-page.ts`);
  return element;
}

const message = elementById('status');
const list = elementById('list');
const ask = elementById('ask');
const tokenField = elementById('token') as HTMLInputElement; // as topics-page.ts has it
const wantsToken = elementById('topics').dataset.token === 'wanted';
// A token in the fragment reaches no log.
let token = new URLSearchParams(location.hash.slice(1)).get('token') ?? sessionStorage.getItem(STORAGE_KEY);
let timer = 0;

async function refresh(): Promise<void> {
  clearTimeout(timer);
  try {
    const response = await fetch('/api/topics', { headers: token === null ? {} : { Authorization: token } });
    const answer: unknown = await response.json();
    if (response.ok) show(answer as ListedTopic[]);
    else if (response.status === 401) {
      refused((answer as { detail: string }).detail);
      return;
    } else showMessage((answer as { detail: string }).detail);
  } catch {
    showMessage('The server does not answer; trying again…');
  }
  timer = setTimeout(() => void refresh(), EVERY_MS);
}

function refused(cause: string): void {
  sessionStorage.removeItem(STORAGE_KEY);
  list.replaceChildren();
  // The rest of the message is for programs.
  const [reason = ''] = cause.split('; accepted:');
  showMessage(
    `Access refused: ${reason}. Paste the whole token; if it is complete, ask the operator of this server for another.`,
  );
  askForToken();
}

function askForToken(): void {
  ask.hidden = false;
  tokenField.focus();
}

function show(topics: readonly ListedTopic[]): void {
  showMessage(topics.length === 0 ? 'Nothing yet. Boards publish to /in/<topic>.' : '');
  list.replaceChildren(...topics.map(row));
}

function row({ topic, isPublished, codecs, muted }: ListedTopic): HTMLElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  const path = `/play/${topic.split('/').map(encodeURIComponent).join('/')}`;
  link.href = token === null ? path : `${path}#token=${encodeURIComponent(token)}`;
  link.textContent = topic;
  const state = document.createElement('span');
  state.className = isPublished && muted !== 'all' ? 'live' : 'away';
  state.textContent = [
    stateText(isPublished ? 'live' : 'absent', muted),
    ...(isPublished && codecs.length > 0 ? [codecs.join(', ')] : []),
  ].join(' · ');
  item.append(link, ' ', state);
  return item;
}

function showMessage(text: string): void {
  if (message.textContent !== text) message.textContent = text;
}

ask.addEventListener('submit', (event) => {
  event.preventDefault();
  token = tokenField.value.trim();
  sessionStorage.setItem(STORAGE_KEY, token);
  tokenField.value = '';
  ask.hidden = true;
  void refresh();
});

if (wantsToken && token === null) {
  showMessage('A token is required.');
  askForToken();
} else {
  void refresh();
}

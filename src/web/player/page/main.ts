// The page's script: the buttons, messages and figures around the picture.

import { type Display, PlayerSession } from './player-session.js';

const IDLE_MS = 3000;

function elementById(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}: player-page.ts`);
  return element;
}

const playerElement = elementById('player');
const status = elementById('status');
const sound = elementById('sound');
const full = elementById('full');
const ask = elementById('ask');
const tokenField = elementById('token') as HTMLInputElement; // as player-page.ts has it
const frozen = elementById('frozen');
const { socket = '', status: statusPath = '', token: tokenMode } = playerElement.dataset;
const storageKey = `vw token ${socket}`;

const display: Display = {
  setState(state, text) {
    const isNew = playerElement.dataset.state !== state;
    mark('state', state);
    if (status.textContent !== text) status.textContent = text;
    if (state === 'refused' && isNew) askForToken();
  },
  setFrozen(forMs) {
    if (frozen.hidden !== (forMs === null)) frozen.hidden = forMs === null;
    mark('picture', forMs === null ? null : 'frozen');
    if (forMs !== null) write('frozen', `Frozen for ${duration(forMs)}`);
  },
  setEngine(engine) {
    playerElement.dataset.engine = engine;
  },
  setFigures({ tracks, bitrate, lostPackets, delayMs, hasSound }) {
    write('tracks', tracks);
    write('bitrate', bitrate >= 1e6 ? `${(bitrate / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bitrate / 1e3)} kbit/s`);
    write('delay', playerElement.dataset.engine ? `delay ${(delayMs / 1000).toFixed(2)} s` : ''); // of pictures
    write('lost', `${lostPackets} lost`);
    mark('sound', hasSound ? 'there' : 'none');
  },
};

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * Sets an attribute for the style sheet, only if it changes: setting it would make the browser restyle every element.
 */
function mark(name: string, value: string | null): void {
  const attribute = `data-${name}`;
  if (playerElement.getAttribute(attribute) === value) return;
  if (value === null) playerElement.removeAttribute(attribute);
  else playerElement.setAttribute(attribute, value);
}

function write(id: string, text: string): void {
  const element = elementById(id);
  if (element.textContent !== text) element.textContent = text;
}

const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const viewer = new PlayerSession(
  {
    socketUrl: `${scheme}//${location.host}${socket}`,
    statusUrl: statusPath,
    stage: elementById('stage'),
    speaker: elementById('speaker'),
  },
  display,
);

function askForToken(): void {
  sessionStorage.removeItem(storageKey);
  ask.hidden = false;
  tokenField.focus();
}

ask.addEventListener('submit', (event) => {
  event.preventDefault();
  const token = tokenField.value.trim();
  if (token === '') return;
  sessionStorage.setItem(storageKey, token);
  tokenField.value = '';
  ask.hidden = true;
  viewer.open(token);
});

let isSoundOn = false;
let audio: AudioContext | null = null; // browsers let it run only after a click or a key
function toggleSound(): void {
  isSoundOn = !isSoundOn;
  if (isSoundOn) {
    audio ??= new AudioContext({ latencyHint: 'interactive' });
    void audio.resume();
  }
  viewer.setSound(isSoundOn ? audio : null);
  sound.dataset.is = isSoundOn ? 'on' : 'off';
  elementById('sound-label').textContent = isSoundOn ? 'Mute' : 'Unmute';
}

/** Phones without full screen for pages (iPhone) have it for the video element alone. */
async function toggleFull(): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  if (document.fullscreenEnabled) return playerElement.requestFullscreen();
  const video = document.querySelector<HTMLVideoElement & { webkitEnterFullscreen?: () => void }>('#stage video');
  video?.webkitEnterFullscreen?.();
}

sound.addEventListener('click', toggleSound);
full.addEventListener('click', () => void toggleFull().catch(() => undefined));
elementById('stage').addEventListener('dblclick', () => void toggleFull().catch(() => undefined));
document.addEventListener('fullscreenchange', () => {
  elementById('full-label').textContent = document.fullscreenElement ? 'Leave full screen' : 'Full screen';
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === tokenField) return;
  if (event.key === 'm') toggleSound();
  else if (event.key === 'f') void toggleFull().catch(() => undefined);
});

// In full screen the bar is hidden without user activity.
let idle = 0;
function wake(): void {
  playerElement.classList.remove('idle');
  clearTimeout(idle);
  idle = setTimeout(() => playerElement.classList.add('idle'), IDLE_MS);
}
for (const event of ['pointermove', 'pointerdown', 'keydown', 'focusin']) document.addEventListener(event, wake);

// A token in the fragment reaches no server and no log.
const initialToken = new URLSearchParams(location.hash.slice(1)).get('token') ?? sessionStorage.getItem(storageKey);
if (tokenMode === 'wanted' && initialToken === null) {
  display.setState('waiting', 'A token is required to watch this.');
  askForToken();
} else {
  viewer.open(tokenMode === 'wanted' ? initialToken : null);
}

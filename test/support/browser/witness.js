// Runs in the page before its own scripts: what a test wants to know of picture, sound and policy. Plain JavaScript,
// for it is not compiled.

/* global document, window, performance, requestAnimationFrame, OffscreenCanvas, AudioBufferSourceNode */

const witness = {
  /** What the page's policy has stopped. */
  violations: [],
  /** The states that the page was in, in their order. */
  states: [],
  /** Samples handed to Web Audio that are not silent. */
  loudSamples: 0,

  /** Bytes of sound that the browser has decoded, and samples that jsmpeg has. */
  decodedSound() {
    const heard = [...document.querySelectorAll('video')].filter(({ muted }) => !muted);
    return heard.reduce((sum, video) => sum + video.webkitAudioDecodedByteCount, witness.loudSamples);
  },

  /** What is on the screen: the last of the stage's pictures lies above the others. */
  pixels(width, height) {
    const picture = document.querySelector('#stage > :last-child');
    if (!picture) return null;
    const look = lookOf(width, height);
    look.drawImage(picture, 0, 0, width, height);
    return look.getImageData(0, 0, width, height).data;
  },

  /** How many pictures (`count` at most) differ from the one before, looking at each frame of the screen. */
  countPictures(count, withinMs) {
    const until = performance.now() + withinMs;
    let before = '';
    let seen = -1; // the first is only to compare with
    return new Promise((resolve) => {
      const frame = () => {
        const now = witness.pixels(64, 48);
        if (now && !isBlack(now) && now.join() !== before) {
          before = now.join();
          seen++;
        }
        if (seen >= count || performance.now() > until) resolve(seen);
        else requestAnimationFrame(frame);
      };
      frame();
    });
  },

  /** The clock that scripts/bench-player.ts draws: 24 blocks, the highest bit first, then 8 of their sum; -1: none. */
  clock() {
    const pixels = witness.pixels(64, 48);
    if (!pixels) return -1;
    let bits = 0;
    for (let i = 0; i < 32; i++) {
      const [x, y] = [(i % 8) * 8 + 4, Math.floor(i / 8) * 12 + 6];
      bits = bits * 2 + (pixels[(y * 64 + x) * 4] > 128 ? 1 : 0);
    }
    const [time, sum] = [Math.floor(bits / 256), bits % 256];
    return sum === 255 - ((time + (time >> 8) + (time >> 16)) & 0xff) ? time : -1;
  },

  /** When the first picture was seen, in milliseconds after the page was asked for. */
  firstPicture() {
    return new Promise((resolve) => {
      const frame = () => {
        if (witness.clock() !== -1) resolve(performance.now());
        else requestAnimationFrame(frame);
      };
      frame();
    });
  },

  /** How old the pictures of the next seconds are when they are drawn, in milliseconds. */
  ages(forMs) {
    const until = performance.now() + forMs;
    const ages = [];
    let before = -1;
    return new Promise((resolve) => {
      const frame = () => {
        const now = witness.clock();
        if (now !== -1 && now !== before) ages.push((Date.now() - now) & 0xffffff);
        before = now;
        if (performance.now() > until) resolve(ages);
        else requestAnimationFrame(frame);
      };
      frame();
    });
  },

  /** Counts the frames of the screen without a picture, from now on. */
  watchForBlack() {
    witness.blackFrames = 0;
    const frame = () => {
      const now = witness.pixels(32, 24);
      if (!now || isBlack(now)) witness.blackFrames++;
      requestAnimationFrame(frame);
    };
    frame();
  },
};

// One of each size: thousands of them cost the page a second of garbage collection now and then, which a test takes for a
// picture that stands still.
const looks = new Map();
function lookOf(width, height) {
  const size = `${width}x${height}`;
  if (!looks.has(size)) {
    looks.set(size, new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }));
  }
  return looks.get(size);
}

function isBlack(pixels) {
  return pixels.every((value, i) => i % 4 === 3 || value < 60);
}

new MutationObserver(() => {
  const { state } = document.querySelector('#player')?.dataset ?? {};
  if (state && state !== witness.states.at(-1)) witness.states.push(state);
}).observe(document, { subtree: true, childList: true, attributeFilter: ['data-state'] });
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
  witness.violations.push(`${violatedDirective}: ${blockedURI} in ${sourceFile}`);
});
const { start } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (...args) {
  const samples = this.buffer?.getChannelData(0) ?? [];
  witness.loudSamples += samples.filter((sample) => Math.abs(sample) > 0.01).length;
  start.apply(this, args);
};
window.witness = witness;

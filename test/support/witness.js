// Runs in the page before its own scripts: what a test wants to know of picture, sound and policy. Plain JavaScript,
// for it is not compiled.

/* global document, window, performance, requestAnimationFrame, OffscreenCanvas, AudioBufferSourceNode */

const witness = {
  /** What the page's policy has stopped. */
  violations: [],
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
    const look = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
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

  /** Looks at each frame of the screen from now on; returns what tells how many of them were black. */
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

function isBlack(pixels) {
  return pixels.every((value, i) => i % 4 === 3 || value < 60);
}

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

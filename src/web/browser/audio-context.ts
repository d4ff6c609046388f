// The page's one AudioContext. Browsers let it run only after the visitor has touched the page.

let context: AudioContext | null = null;

/** Makes it, or wakes it; to be called from a click or a key. */
export function wakeAudio(): void {
  context ??= new AudioContext({ latencyHint: 'interactive' });
  void context.resume();
}

/** The context, once {@link wakeAudio} was called. */
export function audioContext(): AudioContext | null {
  return context;
}

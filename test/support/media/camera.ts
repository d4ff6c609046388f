// Real ffmpeg as cameras and microphones that run until they are stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterTest } from '../cleanup.js';

const VIDEO = {
  mpeg1video: ['-codec:v', 'mpeg1video', '-b:v', '800k', '-g', '12'],
  h264: ['-codec:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '12'],
  hevc: [
    '-codec:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    'log-level=none:keyint=12',
    '-pix_fmt',
    'yuv420p',
  ],
} as const;

/** An ffmpeg that sends to a feed. */
export class Camera {
  said = '';
  readonly #child: ChildProcess;

  private constructor(args: readonly string[], url: string, format = ['-f', 'mpegts']) {
    const all = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', ...args, ...format, url];
    this.#child = spawn('ffmpeg', all, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr!.on('data', (text: Buffer) => (this.said += text.toString()));
    afterTest(() => this.stop());
  }

  /** A picture that changes all the time. */
  static picture(codec: keyof typeof VIDEO, url: string, size = '320x240'): Camera {
    const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`];
    return new Camera([...source, ...VIDEO[codec], '-bf', '0', '-threads', '1', '-muxdelay', '0.001'], url);
  }

  /** A picture of H.264 so many times a second. */
  static seldom(rate: string, url: string): Camera {
    const source = ['-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=${rate}`];
    return new Camera([...source, ...VIDEO.h264, '-bf', '0', '-threads', '1', '-muxdelay', '0.001'], url);
  }

  /** A picture of H.264 with a keyframe every ten seconds, as x264 makes them unless the options say otherwise. */
  static seldomKey(url: string): Camera {
    const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25'];
    const keys = ['-g', '250', '-sc_threshold', '0'];
    return new Camera([...source, ...VIDEO.h264, ...keys, '-bf', '0', '-threads', '1', '-muxdelay', '0.001'], url);
  }

  /** A tone. */
  static sound(codec: 'mp2' | 'aac' | 'ac3', url: string): Camera {
    const source = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
    return new Camera([...source, '-codec:a', codec, '-b:a', '128k', '-muxdelay', '0.001'], url);
  }

  /** A tone that is sent a second and more at a time. */
  static sparseSound(codec: 'mp2' | 'aac', url: string): Camera {
    const source = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
    return new Camera([...source, '-codec:a', codec, '-b:a', codec === 'aac' ? '16k' : '32k', '-muxdelay', '3'], url);
  }

  /** Bytes that are not MPEG-TS. */
  static noise(url: string): Camera {
    return new Camera(['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-f', 's16le'], url, []);
  }

  /** Suspends it while connected, until it is resumed. */
  hang(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

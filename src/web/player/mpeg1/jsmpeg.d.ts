// The parts of jsmpeg that we use; the package brings no types.

declare module '@cycjimmy/jsmpeg-player' {
  interface PesSink {
    write(pts: number, buffers: readonly Uint8Array[]): void;
  }
  interface Picture {
    resize(width: number, height: number): void;
    render(y: Uint8ClampedArray, cb: Uint8ClampedArray, cr: Uint8ClampedArray, isClamped: boolean): void;
  }
  interface Renderer extends Picture {
    /** WebGL only: textures that can be overwritten in place. */
    hasTextureData?: Record<number, boolean>;
    /** WebGL only. */
    gl?: WebGLRenderingContext;
    destroy(): void;
  }
  interface Sound {
    readonly enqueuedTime: number;
    play(sampleRate: number, left: Float32Array, right: Float32Array): void;
  }
  interface RendererConstructor {
    new (options: { canvas: HTMLCanvasElement; preserveDrawingBuffer?: boolean }): Renderer;
  }
  interface WebGLConstructor extends RendererConstructor {
    IsSupported(): boolean;
  }
  interface Decoder<Destination> extends PesSink {
    connect(destination: Destination): void;
    /** Decodes one picture or frame. False: there is none, or what came next was something else (a header). */
    decode(): boolean;
    /** What was written and not yet read; `index` counts bits. */
    readonly bits: { index: number; readonly byteLength: number; readonly bytes: Uint8Array };
  }
  interface DecoderOptions {
    streaming: boolean;
    decodeFirstFrame?: boolean;
    videoBufferSize?: number;
    audioBufferSize?: number;
  }
  const JSMpeg: {
    readonly Demuxer: {
      readonly TS: {
        new (): { connect(streamId: number, sink: PesSink): void; write(packets: ArrayBuffer): void };
        readonly STREAM: { readonly VIDEO_1: number; readonly AUDIO_1: number };
      };
    };
    readonly Decoder: {
      readonly MPEG1Video: new (options: DecoderOptions) => Decoder<Picture>;
      readonly MP2Audio: new (options: DecoderOptions) => Decoder<Sound>;
    };
    readonly Renderer: {
      readonly WebGL: WebGLConstructor;
      readonly Canvas2D: RendererConstructor;
    };
  };
  export default JSMpeg;
  export type { Decoder, Picture, Renderer, Sound };
}

import { FfmpegProcess, type FfmpegTools } from './ffmpeg-process.js';
import { rawInput, scaledTo, type PictureSize } from './picture-arguments.js';

/** A minute of video is written in about ten seconds; only a stuck ffmpeg needs longer for its last frames. */
const FINISH_LIMIT_MS = 60_000;

export interface Mp4Request {
  /** Size of the frames that come in. */
  readonly from: PictureSize;
  /** Size of the video. */
  readonly to: PictureSize;
  readonly framesPerSecond: number;
  readonly path: string;
}

/** Writes an MP4 (H.264, yuv420p, index first) from rgb24 frames. The same frames give the same bytes. */
export class Mp4Encoder {
  private readonly ffmpeg: FfmpegProcess;
  private lastWrite: Promise<void> = Promise.resolve();

  constructor(tools: FfmpegTools, request: Mp4Request) {
    const input = ['-y', ...rawInput(request.from), '-r', `${request.framesPerSecond}`, '-i', '-'];
    // One thread: the frames take longer to make than to encode, and the second core belongs to the renderer.
    const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-threads', '1', '-pix_fmt', 'yuv420p'];
    this.ffmpeg = new FfmpegProcess(tools, [
      ...input,
      ...scaledTo(request.to),
      ...codec,
      ...['-movflags', '+faststart'],
      request.path,
    ]);
  }

  /** Takes a frame, at most one ahead of ffmpeg. Rejects with `engine_crashed` when ffmpeg has ended. */
  async write(frame: Uint8Array): Promise<void> {
    await this.lastWrite;
    this.lastWrite = this.ffmpeg.write(frame);
    this.lastWrite.catch(() => undefined);
  }

  /** Completes the file. Rejects with `engine_crashed`. */
  async finish(): Promise<void> {
    await this.lastWrite;
    this.ffmpeg.closeInput();
    await this.ffmpeg.endWithin(FINISH_LIMIT_MS);
  }

  /** Ends ffmpeg at once; what there is of the file is of no use. */
  async abandon(): Promise<void> {
    await this.ffmpeg.kill();
  }
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** ffmpeg options for raw rgb24 frames of `size` that follow as an input. */
export function rawInput({ width, height }: PictureSize): readonly string[] {
  return ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`];
}

/** ffmpeg options that bring frames to `size`, sharp and the same on every machine. */
export function scaledTo({ width, height }: PictureSize): readonly string[] {
  return ['-vf', `scale=${width}:${height}:flags=lanczos+accurate_rnd,setsar=1`];
}

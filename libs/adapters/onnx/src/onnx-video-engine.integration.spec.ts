import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EngineStep, GenerationJob, InferenceEngine, ResumePoint } from '@millrace/execution/ports';
import { seededRng, silentLogger, systemClock } from '@millrace/kernel';
import { demoModelDirectory } from './model/demo-model-directory.js';
import { parseModelDescription } from './model/model-description.js';
import { encodeCondition } from './prompt/encode-condition.js';
import { parsePrompt } from './prompt/parse-prompt.js';
import { createVocabulary } from './prompt/vocabulary.js';
import { importWithHostArrays } from './testing/import-with-host-arrays.js';
import { mp4Boxes, mp4Facts, pictureFacts } from './testing/mp4-facts.js';
import { importReference, type ReferenceEngine, type ReferenceModule } from './testing/reference-engine.js';
import { installedFfmpeg } from './video/ffmpeg-path.js';

jest.setTimeout(60_000);

const JOB: GenerationJob = {
  taskType: 'ti2v-5B',
  model: 'demo',
  prompt: 'a red ball bouncing and a yellow star spinning over the sea',
  resolution: { width: 832, height: 480 },
  seed: 1,
  steps: 12,
  durationS: 0.5,
  stepDelayMs: 0,
};
const PICTURE = path.join(demoModelDirectory(), 'samples', 'denoising.png');

let scratch: string;
let ffmpeg: string;
let engine: InferenceEngine;
let makeEngine: (threads: number) => Promise<InferenceEngine>;
let reference: ReferenceModule;
let referenceEngine: ReferenceEngine;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'onnx-video-'));
  ffmpeg = await installedFfmpeg();
  const { createOnnxVideoEngine } = await importWithHostArrays(() => import('./index.js'));
  makeEngine = async (threads) => {
    const modelDirectory = demoModelDirectory();
    const made = createOnnxVideoEngine({ modelDirectory, threads, clock: systemClock, logger: silentLogger });
    await made.load();
    return made;
  };
  engine = await makeEngine(1);
  reference = await importReference();
  referenceEngine = await reference.Engine.load(demoModelDirectory(), { threads: 1 });
});
afterAll(async () => {
  await engine?.close();
  await rm(scratch, { recursive: true, force: true });
});

interface RunOptions {
  readonly on?: InferenceEngine;
  readonly onStep?: (step: EngineStep) => Promise<void>;
  readonly resumeFrom?: ResumePoint;
  readonly signal?: AbortSignal;
}

/** The paths of video and thumbnail. */
async function make(job: GenerationJob, options: RunOptions = {}): Promise<{ video: string; thumbnail: string }> {
  const { on = engine, onStep = () => Promise.resolve(), resumeFrom, signal } = options;
  const workDirectory = await mkdtemp(path.join(scratch, 'run-'));
  const { files } = await on.run(job, {
    workDirectory,
    gpuIds: [],
    signal: signal ?? new AbortController().signal,
    onStep,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
  });
  const pathOf = (kind: string): string => files.find((file) => file.kind === kind)?.path ?? '';
  return { video: pathOf('video'), thumbnail: pathOf('thumbnail') };
}

describe('against the reference implementation', () => {
  it.each<[string, Partial<GenerationJob>]>([
    ['two objects over the sea', {}],
    ['a wide night', { prompt: 'two pink hearts pulsing at night', resolution: { width: 1280, height: 704 }, seed: 7 }],
    ['an upright clip without a prompt', { prompt: '', resolution: { width: 480, height: 832 }, steps: 4 }],
    ['unknown words and a negative seed', { prompt: 'zebra constructor, big moon', seed: -5, durationS: 0.3 }],
    ['a picture', { taskType: 'i2v-A14B', prompt: 'a green ring moving right', imagePath: PICTURE }],
  ])('makes the same bytes of %s', async (_, changes) => {
    const job = { ...JOB, ...changes };
    const { width, height } = job.resolution;
    const [out, thumb] = [path.join(scratch, 'reference.mp4'), path.join(scratch, 'reference.jpg')];
    const z = await referenceEngine.denoise(referenceEngine.start(job));
    const image = job.imagePath === undefined ? {} : { image: job.imagePath };
    await referenceEngine.render(z, { out, thumb, width, height, seconds: job.durationS, ...image });
    const made = await make(job);
    expect((await readFile(made.video)).equals(await readFile(out))).toBe(true);
    expect((await readFile(made.thumbnail)).equals(await readFile(thumb))).toBe(true);
  });

  it('reads 500 random prompts alike', async () => {
    const text = await readFile(path.join(demoModelDirectory(), 'model.json'), 'utf8');
    const description = parseModelDescription(text);
    const vocabulary = createVocabulary(description);
    const words = [
      ...description.object_words,
      ...description.scene_words.filter((word) => !word.startsWith('#')),
      ...Object.keys(description.synonyms),
      ...description.separators,
      ...description.doubles,
      ...description.generic_moves,
      ...['zebra', ',', 'stars', 'balls,', 'of', 'constructor'],
    ];
    const rng = seededRng(20);
    for (let n = 0; n < 500; n++) {
      const length = Math.floor(rng.next() * 12);
      const prompt = Array.from({ length }, () => words[Math.floor(rng.next() * words.length)]).join(' ');
      const parsed = parsePrompt(prompt, vocabulary);
      const expected = reference.parsePrompt(prompt, referenceEngine.model);
      expect({ prompt, cond: [...encodeCondition(parsed, vocabulary)] }).toEqual({ prompt, cond: [...expected.cond] });
      expect(parsed.unknown).toEqual(expected.unknown);
    }
  });
});

describe('the clip', () => {
  it.each([
    ['832*480', 832, 480, 0.5],
    ['1280*704', 1280, 704, 1],
  ])('is an MP4 of %s that any player shows, with a thumbnail of its size', async (_, width, height, durationS) => {
    const { video, thumbnail } = await make({ ...JOB, resolution: { width, height }, durationS });
    expect(mp4Facts(ffmpeg, video)).toEqual({
      durationS,
      codec: 'h264',
      pixelFormat: 'yuv420p',
      width,
      height,
      framesPerSecond: 24,
    });
    const boxes = mp4Boxes(video);
    expect(boxes.indexOf('moov')).toBeGreaterThan(-1);
    expect(boxes.indexOf('moov')).toBeLessThan(boxes.indexOf('mdat'));
    expect(pictureFacts(ffmpeg, thumbnail)).toEqual({ codec: 'mjpeg', width, height });
  });

  it('does not depend on the number of threads, nor does going on with another number', async () => {
    const twoThreads = await makeEngine(2);
    try {
      const whole = await make(JOB);
      let resumeFrom: ResumePoint | undefined;
      const controller = new AbortController();
      const onStep = async (step: EngineStep): Promise<void> => {
        if (step.step !== 17) return;
        const { state, newBlobs } = await step.checkpoint();
        resumeFrom = { step: step.step, state, blobs: newBlobs };
        controller.abort(new Error('preempted'));
      };
      await expect(make(JOB, { onStep, signal: controller.signal })).rejects.toThrow('preempted');
      if (resumeFrom === undefined) throw new Error('no checkpoint was taken');
      const [again, rest] = [await make(JOB, { on: twoThreads }), await make(JOB, { on: twoThreads, resumeFrom })];
      expect((await readFile(again.video)).equals(await readFile(whole.video))).toBe(true);
      expect((await readFile(rest.video)).equals(await readFile(whole.video))).toBe(true);
      expect((await readFile(rest.thumbnail)).equals(await readFile(whole.thumbnail))).toBe(true);
    } finally {
      await twoThreads.close();
    }
  });
});

describe('previews and checkpoints', () => {
  it('shows a small JPEG of the noise and of the frames', async () => {
    const shown: { stage: string; facts: unknown }[] = [];
    const onStep = async (step: EngineStep): Promise<void> => {
      if (step.step !== 1 && step.step !== step.totalSteps) return;
      const preview = await step.preview();
      if (preview === undefined) throw new Error('no preview was made');
      expect(preview.mediaType).toBe('image/jpeg');
      const file = path.join(scratch, `preview-${step.step}.jpg`);
      await writeFile(file, preview.bytes);
      shown.push({ stage: step.stage, facts: pictureFacts(ffmpeg, file) });
    };
    await make(JOB, { onStep });
    const facts = { codec: 'mjpeg', width: 208, height: 120 };
    expect(shown).toEqual([
      { stage: 'denoising', facts },
      { stage: 'rendering', facts },
    ]);
  });

  it('keeps a frame in a checkpoint under a fifth of its bytes', async () => {
    let bytes = 0;
    const onStep = async (step: EngineStep): Promise<void> => {
      if (step.step % 10 !== 0) return;
      const { newBlobs } = await step.checkpoint();
      bytes += newBlobs.reduce((sum, blob) => sum + blob.bytes.length, 0);
    };
    await make({ ...JOB, durationS: 28 / 24 }, { onStep });
    expect(bytes / 28).toBeLessThan((3 * 416 * 240) / 5);
  });

  it('refuses a checkpoint that lacks a frame', async () => {
    const state = Buffer.from(
      JSON.stringify({ version: 1, denoising: { step: 12, z: [...Array(220).fill(0)] }, frames: 3 }),
    );
    const resumeFrom = { step: 15, state, blobs: [] };
    await expect(make(JOB, { resumeFrom })).rejects.toMatchObject({ code: 'engine_crashed' });
  });
});

describe('modelHash', () => {
  it('differs with all that alters the clip, and with nothing else', async () => {
    const copy = path.join(scratch, 'copy.png');
    await writeFile(copy, await readFile(PICTURE));
    const same: Partial<GenerationJob>[] = [{}, { stepDelayMs: 5 }, { negativePrompt: 'blurry' }, { model: 'x' }];
    const other: Partial<GenerationJob>[] = [
      { prompt: 'a ball' },
      { seed: 2 },
      { steps: 13 },
      { durationS: 1 },
      { resolution: { width: 832, height: 482 } },
      { imagePath: PICTURE },
    ];
    const hashes = (changes: Partial<GenerationJob>[]): Set<string> =>
      new Set(changes.map((change) => engine.modelHash({ ...JOB, ...change })));
    expect(hashes(same).size).toBe(1);
    expect(hashes([...same, ...other]).size).toBe(1 + other.length);
    expect(hashes([{ imagePath: PICTURE }, { imagePath: copy }]).size).toBe(1);
  });
});

describe('pictures to start from', () => {
  const fromImage = (imagePath: string): GenerationJob => ({ ...JOB, taskType: 'i2v-A14B', imagePath });

  it.each<[string, (whole: Buffer) => Buffer | undefined]>([
    ['missing', () => undefined],
    ['empty', () => Buffer.alloc(0)],
    ['text', () => Buffer.from('not a picture')],
    ['a play list', () => Buffer.from(`#EXTM3U\n#EXTINF:1\nfile://${PICTURE}\n`)],
    ['a PNG without content', (whole) => whole.subarray(0, 40)],
  ])('refuses one that is %s', async (name, content) => {
    const file = path.join(scratch, `${name}.png`);
    const bytes = content(await readFile(PICTURE));
    if (bytes !== undefined) await writeFile(file, bytes);
    await expect(make(fromImage(file))).rejects.toMatchObject({ kind: 'validation', code: 'image_unreadable' });
  });

  it('needs one for image-to-video', () => {
    const { imagePath: _, ...job } = fromImage(PICTURE);
    expect(() => engine.totalSteps(job)).toThrow(expect.objectContaining({ code: 'engine_input_invalid' }));
  });
});

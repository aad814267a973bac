import { z } from 'zod';

/** Sizes that video task types offer (API-12). */
export const RESOLUTIONS = ['832*480', '1280*704'] as const;

export interface Resolution {
  readonly width: number;
  readonly height: number;
}

/** Reads `832*480` or `832x480`; undefined for anything that is not offered. */
export function parseResolution(text: string): Resolution | undefined {
  if (!(RESOLUTIONS as readonly string[]).includes(text.replace('x', '*'))) return undefined;
  const [width, height] = text.split(/[*x]/).map(Number);
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** Answers write `1280x704` (API-04). */
export function formatResolution(resolution: Resolution): string {
  return `${resolution.width}x${resolution.height}`;
}

export const resolutionField = z
  .string({ error: 'resolution must be a string: send "832*480" or "1280*704".' })
  .regex(/^(832[*x]480|1280[*x]704)$/, 'This resolution is not offered: send "832*480" or "1280*704".')
  .transform((text): Resolution => parseResolution(text) ?? { width: 832, height: 480 });

import { AppError, messageOf } from '@millrace/kernel';
import type { ImageRequest, ImageTransport } from '@millrace/execution/ports';
import { checkUrl, type OutboundRules } from '@millrace/notifications';
import { request, type Dispatcher } from 'undici';
import { addressRefused, createVettedAgent, systemResolver, type ResolveAll } from './vetted-agent.js';

const REDIRECT_LIMIT = 3;

export interface HttpImageTransport extends ImageTransport {
  close(): Promise<void>;
}

/** Downloads pictures by the outbound address rules; follows at most three redirects, each vetted. */
export function createHttpImageTransport(options: { rules: OutboundRules; resolve?: ResolveAll }): HttpImageTransport {
  const agent = createVettedAgent(options.rules, options.resolve ?? systemResolver);
  return {
    download: async (url, wanted) => {
      const timeout = AbortSignal.timeout(wanted.timeoutMs);
      const signal = wanted.signal === undefined ? timeout : AbortSignal.any([timeout, wanted.signal]);
      try {
        return await follow(url, { ...options, agent, wanted, signal });
      } catch (error) {
        if (wanted.signal?.aborted) throw wanted.signal.reason;
        throw toImageError(error);
      }
    },
    close: () => agent.destroy(),
  };
}

interface Download {
  readonly rules: OutboundRules;
  readonly agent: Dispatcher;
  readonly wanted: ImageRequest;
  readonly signal: AbortSignal;
}

async function follow(start: string, download: Download): Promise<Uint8Array> {
  let url = new URL(start);
  for (let hop = 0; hop <= REDIRECT_LIMIT; hop++) {
    const verdict = checkUrl(url, download.rules);
    if (!verdict.allowed) throw addressRefused(verdict.reason);
    const response = await request(url, {
      dispatcher: download.agent,
      signal: download.signal,
      headers: { accept: 'image/*' },
    });
    const location = response.headers['location'];
    if (response.statusCode < 300 || response.statusCode >= 400 || typeof location !== 'string')
      return read(response, download.wanted);
    await response.body.dump();
    url = new URL(location, url);
  }
  throw unreadable(`The image URL redirects more than ${REDIRECT_LIMIT} times: give the final URL.`, false);
}

async function read(response: Dispatcher.ResponseData, wanted: ImageRequest): Promise<Uint8Array> {
  if (response.statusCode !== 200) {
    await response.body.dump();
    throw unreadable(
      `The image URL answers ${response.statusCode}: give one that answers 200 without a login.`,
      response.statusCode >= 500,
    );
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > wanted.maxBytes)
      throw unreadable(`The image is larger than ${wanted.maxBytes} bytes: give a smaller one.`, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toImageError(error: unknown): AppError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof AppError) return cause;
  return unreadable(`The image could not be fetched: ${messageOf(error)}`, true, error);
}

function unreadable(message: string, retriable: boolean, cause?: unknown): AppError {
  return new AppError({ kind: 'validation', code: 'image_unreadable', message, retriable, cause });
}

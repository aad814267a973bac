import { Readable } from 'node:stream';
import { Controller, Inject, Req, Res } from '@nestjs/common';
import { getObject, type RouteInput } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { Input, Route, reply, type Reply } from '@millrace/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.js';
import { GATEWAY } from '../tokens.js';

/** A result may be shown on a client's own page. */
const EMBEDDABLE = { 'Cross-Origin-Resource-Policy': 'cross-origin' };

/** Serves the signed URLs of the file-system store. The signature is the authorisation. */
@Controller()
export class ObjectsController {
  constructor(@Inject(GATEWAY) private readonly gateway: Gateway) {}

  @Route(getObject)
  async object(
    @Input() { query, headers }: RouteInput<typeof getObject>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) response: FastifyReply,
  ): Promise<Reply> {
    const { files } = this.gateway.options.objects;
    if (files === undefined) throw noSuchObject();
    const isHead = request.method === 'HEAD';
    const answer = await files.openSigned({
      method: isHead ? 'HEAD' : 'GET',
      key: keyOf(request.url),
      query: { expires: one(query['expires']), signature: one(query['signature']), download: one(query['download']) },
      range: headers.range,
      ifNoneMatch: headers['if-none-match'],
    });
    if (answer.status === 416) {
      const range = answer.headers['content-range'] ?? 'bytes */*';
      void response.header('Content-Range', range);
      throw rangeOutside(range);
    }
    // For HEAD Fastify puts the length of what is sent over ours, but leaves a stream's alone.
    const body = isHead ? Readable.from([]) : answer.stream;
    return reply(answer.status, body, { ...answer.headers, ...EMBEDDABLE });
  }
}

/** What follows `/objects/`, decoded once; something that can't be decoded is no key. */
function keyOf(url: string): string {
  const path = url.split('?')[0] ?? '';
  try {
    return decodeURIComponent(path.slice('/objects/'.length));
  } catch {
    throw noSuchObject();
  }
}

function one(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function noSuchObject(): AppError {
  return new AppError({
    kind: 'not-found',
    code: 'object_not_found',
    message: 'There is no such object: take result_url from the status of the task.',
  });
}

/** `range`: the unit, a star, and behind the slash the size of the object. */
function rangeOutside(range: string): AppError {
  const size = range.split('/')[1] ?? 'unknown';
  return new AppError({
    kind: 'validation',
    code: 'range_not_satisfiable',
    message: `The object has ${size} bytes: ask for a range within them.`,
  });
}

// Calls to the API. Everything the page knows comes from here.

const RECONNECT_MS = { first: 500, most: 8000 };

/** An answer that was no success: `problem` is the RFC 9457 body. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** `crypto.randomUUID` exists on https and localhost only; the page is also opened over http from the next machine. */
const freshKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export function createApi(key) {
  const headers = { authorization: `Bearer ${key}` };

  async function call(path, options = {}) {
    const answer = await fetch(path, { ...options, headers: { ...headers, ...options.headers } }).catch(() => {
      throw new ApiError(0, { detail: 'The server does not answer. Is it still running?' });
    });
    if (answer.ok) return answer.status === 204 ? undefined : answer.json();
    throw new ApiError(answer.status, await answer.json().catch(() => ({})));
  }

  return {
    generate: (body) =>
      call('/api/v1/generate', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': freshKey() },
        body: JSON.stringify(body),
      }),
    task: (id) => call(`/api/v1/tasks/${id}`),
    tasks: (limit, cursor) =>
      call(`/api/v1/tasks?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`),
    cancel: (id) => call(`/api/v1/tasks/${id}/cancel`, { method: 'POST' }),
    erase: (id) => call(`/api/v1/tasks/${id}`, { method: 'DELETE' }),
    follow: (id, onEvent, signal) => follow(`/api/v1/tasks/${id}/events`, headers, onEvent, signal),
  };
}

/**
 * Reads server-sent events by fetch, because EventSource can not send a header. Reconnects where it stopped, until
 * `charged` came or the server closed the stream after the end.
 */
async function follow(path, headers, onEvent, signal) {
  let lastId = '';
  let ended = false;
  let waitMs = RECONNECT_MS.first;
  const hear = (event) => {
    waitMs = RECONNECT_MS.first;
    if (event.id) lastId = event.id;
    if (['completed', 'failed', 'cancelled', 'expired', 'charged'].includes(event.name)) ended = true;
    onEvent(event.name, event.data);
  };
  while (!signal.aborted) {
    try {
      const resume = lastId ? { 'last-event-id': lastId } : {};
      const answer = await fetch(path, { headers: { ...headers, ...resume }, signal });
      if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
      await readEvents(answer.body, hear);
      if (ended) return;
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.status < 500)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, RECONNECT_MS.most);
  }
}

async function readEvents(body, hear) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event) hear(event);
    }
  }
}

function parseEvent(block) {
  const fields = {};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  return fields.event ? { name: fields.event, id: fields.id, data: JSON.parse(fields.data ?? 'null') } : undefined;
}

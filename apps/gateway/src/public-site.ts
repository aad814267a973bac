import { readFile } from 'node:fs/promises';
import { ERROR_CATALOGUE, statusOfProblem } from '@millrace/contracts';
import type { FastifyInstance } from 'fastify';

/** Beside `src` and `dist`, so that the path is the same for both. */
const PUBLIC_DIRECTORY = new URL('../public/', import.meta.url);

const FILES = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/app.css', file: 'app.css', type: 'text/css; charset=utf-8' },
  { path: '/app.js', file: 'app.js', type: 'text/javascript; charset=utf-8' },
  { path: '/api.js', file: 'api.js', type: 'text/javascript; charset=utf-8' },
  { path: '/view.js', file: 'view.js', type: 'text/javascript; charset=utf-8' },
  { path: '/favicon.svg', file: 'favicon.svg', type: 'image/svg+xml' },
] as const;

/** Sent with every answer of the public port. */
const SECURITY_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

export interface PublicSiteOptions {
  /** Origin of media that this server does not serve itself. */
  readonly mediaOrigin: string | undefined;
}

/** Serves the page, its parts and the page of error codes, and puts security headers on every answer. */
export async function servePublicSite(server: FastifyInstance, { mediaOrigin }: PublicSiteOptions): Promise<void> {
  const pagePolicy = contentSecurityPolicy(mediaOrigin);
  server.addHook('onRequest', (_request, response, done) => {
    void response.headers({
      ...SECURITY_HEADERS,
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    });
    done();
  });
  const page = { 'Content-Security-Policy': pagePolicy, 'Cache-Control': 'no-cache' };
  for (const { path, file, type } of FILES) {
    const content = await readFile(new URL(file, PUBLIC_DIRECTORY), 'utf8');
    server.get(path, (_request, response) => response.headers(page).type(type).send(content));
  }
  const errors = errorPage();
  server.get('/docs/errors', (_request, response) =>
    response.headers(page).type('text/html; charset=utf-8').send(errors),
  );
}

/** Nothing from elsewhere, nothing inline: a script that got into the page would not run. */
function contentSecurityPolicy(mediaOrigin: string | undefined): string {
  const media = ["'self'", 'blob:', ...(mediaOrigin === undefined ? [] : [new URL(mediaOrigin).origin])].join(' ');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    `img-src ${media} data:`,
    `media-src ${media}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The page that `type` of a problem points at. */
function errorPage(): string {
  const rows = Object.entries(ERROR_CATALOGUE).map(
    ([code, { kind, title, retryable }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${statusOfProblem(code, kind)}</td><td>${title}.</td><td>${retryable ? 'yes' : 'no'}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Millrace errors</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/app.css"></head>
<body><main class="document"><h1>Error codes</h1>
<p>Every code that a problem, a task, a webhook or an event can carry. <code>detail</code> of a problem says what to do.</p>
<table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Meaning</th><th scope="col">Worth a retry</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></main></body></html>`;
}

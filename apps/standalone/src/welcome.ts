const PROMPT = 'a red ball bouncing at night';

/** What a newcomer reads once everything runs: where it is, and a command that works when pasted. */
export function welcome({
  url,
  home,
  apiKey,
  readyS,
}: {
  url: string;
  home: string;
  apiKey: string;
  readyS: number;
}): string {
  return `✔ ready in ${readyS.toFixed(1)} s   ${url}   key ${apiKey} (also in ${home}/api-key)
  page: ${url}/#key=${apiKey}
  try:  curl -s ${url}/api/v1/generate -H "Authorization: Bearer $(cat ${quoted(`${home}/api-key`)})" -H 'Content-Type: application/json' -d '{"prompt":"${PROMPT}","task_type":"ti2v-5B","resolution":"832*480"}'
  Ctrl-C stops everything. The videos come from a small built-in demonstration model.

`;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** Shows what the start is doing, on one line that goes away when it is done. */
export function startupLine(output: NodeJS.WriteStream): { show(step: string): void; clear(): void } {
  if (!output.isTTY) return { show: (step) => void output.write(`  ${step} …\n`), clear: () => {} };
  return { show: (step) => void output.write(`\r\u001b[2K  ${step} …`), clear: () => void output.write('\r\u001b[2K') };
}

/** What a proxy does to the bytes that pass, until it is told otherwise. */
export type ProxyFault =
  | { readonly kind: 'none' }
  /** Each chunk waits so long, in both directions. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Open connections end at once, new ones end as soon as they are made: a server that is gone. */
  | { readonly kind: 'cut' }
  /** As `cut`, with RST in place of FIN. */
  | { readonly kind: 'reset' }
  /** Connections stay and new ones are taken, but nothing passes: a firewall that forgot them. */
  | { readonly kind: 'half-open' }
  /** So many bytes a second, in both directions. */
  | { readonly kind: 'drip'; readonly bytesPerSecond: number };

export const NO_FAULT: ProxyFault = { kind: 'none' };

/** Ends a connection with RST at a certain point of what its client says. */
export interface CutRule {
  /** Looked for in each chunk from the client, in ASCII, such as `COMMIT`. */
  readonly text: string;
  /** `before`: the server never sees the chunk. `after`: the server has it, and the client never sees the answer. */
  readonly when: 'before' | 'after';
  /** Which of the matching chunks: 1 for each, 10 for each tenth. */
  readonly every: number;
}

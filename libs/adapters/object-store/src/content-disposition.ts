const NAME_LENGTH_MAX = 200;

/**
 * `attachment` with a file name (RFC 6266): a browser saves the object and never renders it in our origin.
 * The name is cut to 200 characters; what is not plain ASCII stands in `filename*` only.
 */
export function attachmentDisposition(name: string): string {
  const short = name.slice(0, NAME_LENGTH_MAX);
  const plain = short.replace(/[^A-Za-z0-9._ -]/g, '_');
  if (plain === short) return `attachment; filename="${plain}"`;
  const encoded = encodeURIComponent(short.toWellFormed()).replace(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** Signs URLs of result objects for receivers. */
export interface ResultUrls {
  signedUrl(key: string, options: { readonly expiresInS: number; readonly downloadName?: string }): Promise<string>;
}

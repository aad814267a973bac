import type { Principal } from '@millrace/contracts';

/** Says who an `Authorization` header belongs to. Errors: `api_key_missing`, `api_key_invalid` (unauthorized). */
export interface Authenticator {
  authenticate(authorization: string | undefined): Promise<Principal>;
}

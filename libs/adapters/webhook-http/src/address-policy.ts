import type { AddressPolicy } from '@millrace/intake/ports';
import { checkUrl, type OutboundRules } from '@millrace/notifications';

/** The check at accept: what the URL says by itself. Whoever connects checks again what the name resolves to. */
export function createAddressPolicy(rules: OutboundRules): AddressPolicy {
  return {
    refusal: async (url, use) => {
      const verdict = checkUrl(new URL(url), rules);
      return verdict.allowed
        ? undefined
        : `The ${use} URL is refused, because ${verdict.reason}. Use a public https address.`;
    },
  };
}
